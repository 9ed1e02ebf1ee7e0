"""The faces of an image are found from the largest on, with the hashes of their crops."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from skimage import data

from emotion.data.face_crop import standard_crop
from emotion.data.face_detector import FaceDetector
from emotion.datasets import inspection
from emotion.datasets.face_search import HASHED_SIDE, find_faces
from emotion.datasets.image_hashes import compute_phashes, hash_pixels, lowest_frequencies
from emotion.datasets.inspection import inspect_images
from tests.data.conftest import PLACES, draw_party


@pytest.fixture(scope="module")
def scene():
    return np.asarray(draw_party())


def test_the_faces_of_an_image_are_those_of_the_detector_from_the_largest_on(scene):
    found = [one.face for one in find_faces(scene)]
    assert len(found) == len(PLACES)
    assert sorted(found, key=lambda face: face.box) == FaceDetector().detect(Image.fromarray(scene))
    areas = [face.area for face in found]
    assert areas == sorted(areas, reverse=True)


def test_the_hashes_are_those_of_the_standard_crop(scene):
    image = Image.fromarray(scene)
    for face, sha256, phash in find_faces(scene):
        crop = np.asarray(standard_crop(image, face, HASHED_SIDE))
        assert sha256 == hash_pixels(crop)
        assert phash == compute_phashes(lowest_frequencies(crop[None])).tobytes()


def test_a_gray_image_has_the_faces_and_hashes_of_the_same_image_in_color():
    gray = np.asarray(Image.fromarray(data.astronaut()).convert("L"))
    [found] = find_faces(gray)
    assert find_faces(gray[..., None].repeat(3, axis=2)) == (found,)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((1, 1), np.uint8),
        np.zeros((300, 400, 3), np.uint8),
        np.tile(np.arange(256, dtype=np.uint8), (20, 40)),
        data.coffee(),
    ],
    ids=["one pixel", "black", "a line", "coffee"],
)
def test_an_image_without_a_face_has_none(pixels):
    assert find_faces(pixels) == ()


def save_inputs(folder):
    """Files of many kinds to the number of their faces."""
    astronaut = Image.fromarray(data.astronaut())
    frames = {"save_all": True, "append_images": [Image.new("RGB", astronaut.size)] * 2}
    deep = (np.asarray(astronaut.convert("L")).astype(np.uint16) << 8) + 200
    inputs = {
        "color.jpg": (astronaut, {}, 1),
        "gray.png": (astronaut.convert("L"), {}, 1),
        "cmyk.jpg": (astronaut.convert("CMYK"), {}, 1),
        "16-bit.png": (Image.fromarray(deep), {}, 1),
        "animated.gif": (astronaut, frames, 1),
        "animated.webp": (astronaut, frames, 1),
        "a line.png": (Image.linear_gradient("L").resize((4000, 20)), {}, 0),
        "party.png": (draw_party(), {}, 3),
    }
    for name, (image, options, _) in inputs.items():
        image.save(folder / name, **options)
    return {str(folder / name): count for name, (_, _, count) in inputs.items()}


def test_faces_are_found_in_files_of_every_kind(tmp_path):
    expected = save_inputs(tmp_path)
    findings = inspect_images(list(expected), 10, faces=True)
    assert [finding.reason for finding in findings] == [""] * len(expected)
    assert [len(finding.faces) for finding in findings] == list(expected.values())


def test_faces_are_in_the_pixels_of_the_upright_image(tmp_path):
    image = Image.fromarray(data.astronaut())
    exif = Image.Exif()
    exif[0x0112] = 6  # the stored image is to be turned clockwise
    image.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "a.png", exif=exif)
    [finding] = inspect_images([str(tmp_path / "a.png")], 1, faces=True)
    assert finding.faces == find_faces(np.asarray(image))
    assert finding.faces[0].face.turn == 0


def test_no_face_is_looked_for_in_unusable_images_or_unasked(tmp_path, detector):
    Image.new("L", (64, 64), 9).save(tmp_path / "blank.png")
    Image.fromarray(data.astronaut()[:30]).save(tmp_path / "small.png")
    (tmp_path / "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    paths = [str(tmp_path / name) for name in ("blank.png", "small.png", "film.mp4", "gone.png")]
    for finding in inspect_images(paths, 32, faces=True):
        assert finding.reason
        assert finding.faces == ()
    Image.fromarray(data.astronaut()).save(tmp_path / "a.png")
    assert inspect_images([str(tmp_path / "a.png")], 32)[0].faces == ()
    assert detector.seen == []


@pytest.mark.slow
def test_the_faces_depend_on_neither_the_other_images_nor_the_workers(tmp_path, monkeypatch):
    paths = list(save_inputs(tmp_path)) * 2
    one = inspect_images(paths, 10, workers=1, faces=True)
    monkeypatch.setattr(inspection, "_FEW_OF_FACES", 2)  # images, for which processes are started
    monkeypatch.setattr(inspection, "_CHUNK_OF_FACES", 3)
    assert inspect_images(paths, 10, workers=2, faces=True) == one == one[:8] * 2


def test_workers_that_look_for_faces_load_neither_torch_nor_pandas():
    code = (
        "import sys, numpy, emotion.datasets.face_search as s;"
        "s.find_faces(numpy.zeros((50, 50), 'uint8'));"
        "sys.exit(str({'torch', 'pandas', 'matplotlib', 'tqdm'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.stderr.decode().strip() == "set()"
