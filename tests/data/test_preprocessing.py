"""Reading, cropping, serialization and validation of a `Preprocessing`."""

import dataclasses
import json
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter, ImageOps
from skimage import data

from emotion.data.face import Face, FaceImage
from emotion.data.face_crop import face_square, warp
from emotion.data.preprocessing import Preprocessing
from tests.conftest import preprocessing_of

AT_32 = preprocessing_of(32)


@pytest.fixture
def wide(tmp_path):
    """A red square with black bars on both sides, 60 x 20 pixels."""
    pixels = np.zeros((20, 60, 3), dtype=np.uint8)
    pixels[:, 20:40, 0] = 200
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    return FaceImage(str(tmp_path / "wide.png"))


def test_a_file_is_read_as_its_central_square_at_the_resized_side(wide):
    pixels = AT_32.read(wide)
    assert pixels.shape == (3, 36, 36)  # 1.14 * 32
    assert pixels.dtype == np.uint8
    assert pixels[:, 18, 18].tolist() == [200, 0, 0]
    assert pixels[0, :, 2:-2].min() > 190  # no black bar


def test_grayscale_is_pillows_luminance(wide):
    [gray] = preprocessing_of(32, grayscale=True).read(wide)
    color = Image.fromarray(AT_32.read(wide).transpose(1, 2, 0))
    assert np.array_equal(gray, np.asarray(color.convert("L")))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos"])
def test_resizing_equals_pillows_with_the_filter_of_the_backbone(wide, interpolation):
    ours = preprocessing_of(32, interpolation=interpolation, resize_scale=1.5).read(wide)
    square = Image.open(wide.path).crop((20, 0, 40, 20))
    expected = square.resize((48, 48), Image.Resampling[interpolation.upper()])
    # With `box`, Pillow's filter reads the pixels around the square; after a crop it does not.
    inner = (slice(None), slice(None), slice(8, -8))
    assert np.array_equal(ours[inner], np.asarray(expected).transpose(2, 0, 1)[inner])


# Faces.

# Blurred, so that two ways of resampling differ by less than a shift of half a pixel.
ASTRONAUT = Image.fromarray(data.astronaut()).filter(ImageFilter.GaussianBlur(4))
FACE = Face(
    box=(173.4, 62.1, 272.9, 198.6),
    score=0.95,
    landmarks=((198.0, 113.5), (245.2, 110.8), (222.9, 140.2), (206.1, 166.3), (242.8, 164.5)),
)
FINDS_FACES = ("box", "aligned")
CROPS = [("box", 1.0), ("box", 1.3), ("aligned", 1.0), ("aligned", 2.0)]


def assert_similar(ours, expected, difference=1.0):
    """Equal but for the noise of resampling."""
    found = np.abs(np.asarray(ours).astype(int) - np.asarray(expected))
    assert found.mean() < difference, found.mean()


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize("size", [(60, 20), (21, 35), (36, 36), (500, 301)])
def test_as_is_without_a_face_is_pillows_fit_bit_for_bit(interpolation, size):
    image = ASTRONAUT.resize(size)
    expected = ImageOps.fit(image, (36, 36), Image.Resampling[interpolation.upper()])
    ours = preprocessing_of(32, interpolation=interpolation).prepare(image)
    assert np.array_equal(ours, np.asarray(expected).transpose(2, 0, 1))


@pytest.mark.parametrize(("kind", "margin"), CROPS)
@pytest.mark.parametrize("img_size", [64, 112, 193])
def test_the_view_is_the_square_of_the_face(kind, margin, img_size):
    preprocessing = preprocessing_of(img_size, faces=kind, face_margin=margin)
    ours = preprocessing.prepare(ASTRONAUT, FACE)
    assert ours.shape == (3, preprocessing.resized_side, preprocessing.resized_side)
    square = face_square(FACE, kind, margin)
    view = warp(ASTRONAUT, square, img_size, Image.Resampling.BICUBIC)
    assert_similar(preprocessing.center_crop(ours), np.asarray(view).transpose(2, 0, 1))


def test_what_is_read_extends_beyond_the_view():
    """Otherwise the random crops of training would see less of a face than the evaluation."""
    preprocessing = preprocessing_of(100, faces="box", resize_scale=1.5)
    square = face_square(FACE, "box", 1.5)
    around = warp(ASTRONAUT, square, 150, Image.Resampling.BICUBIC)
    ours = preprocessing.prepare(ASTRONAUT, FACE)
    assert_similar(ours, np.asarray(around).transpose(2, 0, 1))


@pytest.mark.parametrize("kind", FINDS_FACES)
def test_without_a_face_the_view_is_the_central_square(kind):
    """An image that is cropped already: its border continues in what is read around it."""
    preprocessing = preprocessing_of(64, faces=kind, face_margin=1.5)
    image = ASTRONAUT.crop((150, 50, 300, 200))
    ours = preprocessing.center_crop(preprocessing.prepare(image))
    expected = image.resize((64, 64), Image.Resampling.BICUBIC)
    assert_similar(ours, np.asarray(expected).transpose(2, 0, 1))


def test_as_is_with_a_face_reads_the_square_of_its_box():
    ours = preprocessing_of(64).prepare(ASTRONAUT, FACE)
    expected = warp(ASTRONAUT, face_square(FACE, "box", 1.0), 73, Image.Resampling.BICUBIC)
    assert np.array_equal(ours, np.asarray(expected).transpose(2, 0, 1))


VIEWED = [("as_is", None), ("as_is", FACE), ("box", None), ("box", FACE), ("aligned", FACE)]


@pytest.mark.parametrize(("kind", "face"), VIEWED)
@pytest.mark.parametrize("resize_scale", [1.0, 1.14, 2.0])
def test_the_view_map_says_where_in_the_image_each_pixel_of_the_view_is(kind, face, resize_scale):
    """Of an image whose colors are its coordinates."""
    x, y = np.meshgrid(np.arange(256), np.arange(200))
    image, face = (
        Image.fromarray(np.dstack([x, y, 0 * x]).astype(np.uint8)),
        face and face.scaled(0.5, 0.5),
    )
    preprocessing = preprocessing_of(64, faces=kind, face_margin=1.2, resize_scale=resize_scale)
    view = preprocessing.center_crop(preprocessing.prepare(image, face))
    u, v = np.meshgrid((np.arange(64) + 0.5) / 64, (np.arange(64) + 0.5) / 64)
    square = preprocessing.view_map(image.size, face)
    found = np.tensordot(square, np.stack([u, v, np.ones_like(u)]), axes=1) - 0.5
    inner = (slice(None), slice(3, -3), slice(3, -3))  # the kernel reaches beyond the others
    assert np.abs(found - view[:2])[inner].max() < 1.5  # Pillow rounds down


@pytest.mark.parametrize("kind", FINDS_FACES)
def test_grayscale_is_the_luminance_of_the_crop(kind):
    [gray] = preprocessing_of(32, faces=kind, grayscale=True).prepare(ASTRONAUT, FACE)
    color = preprocessing_of(32, faces=kind).prepare(ASTRONAUT, FACE).transpose(1, 2, 0)
    assert np.array_equal(gray, np.asarray(Image.fromarray(color).convert("L")))


@pytest.mark.parametrize("kind", FINDS_FACES)
def test_a_file_is_read_with_its_face(kind, tmp_path):
    ASTRONAUT.save(tmp_path / "a.png")
    preprocessing = preprocessing_of(32, faces=kind)
    ours = preprocessing.read(FaceImage(str(tmp_path / "a.png"), FACE, ASTRONAUT.size))
    assert np.array_equal(ours, preprocessing.prepare(ASTRONAUT, FACE))


@pytest.mark.parametrize(("kind", "face"), VIEWED)
@pytest.mark.parametrize("scale", [0.5, 1, 2])
def test_a_mask_is_cropped_as_its_image_and_keeps_its_values(kind, face, scale, tmp_path):
    levels = np.zeros((512, 512), np.uint8)
    levels[90:170, 200:260], levels[120:, :180] = 80, 160
    mask = Image.fromarray(levels)
    size = tuple(round(scale * side) for side in mask.size)
    mask.resize(size, Image.Resampling.NEAREST).save(tmp_path / "mask.png")
    exact = preprocessing_of(64, faces=kind, interpolation="nearest")
    ours = exact.read(FaceImage(str(tmp_path / "mask.png"), face, mask.size))
    assert set(np.unique(ours)) == {0, 80, 160}
    expected = exact.prepare(mask.convert("RGB"), face)
    assert (ours != expected).mean() < 0.02  # at the edges of the areas
    smooth = dataclasses.replace(exact, interpolation="bicubic").prepare(mask.convert("RGB"), face)
    assert (np.abs(ours.astype(int) - smooth) > 40).mean() < 0.03


def test_files_of_former_versions_are_as_is():
    values = json.loads(AT_32.to_json())
    assert (values.pop("faces"), values.pop("face_margin")) == ("as_is", 1.0)
    assert Preprocessing.from_json(json.dumps(values)) == AT_32
    assert not AT_32.finds_faces
    assert preprocessing_of(32, faces="box").finds_faces


def test_the_center_crop_is_the_same_for_numpy_and_torch():
    images = np.arange(2 * 3 * 36 * 36).reshape(2, 3, 36, 36)
    crop = AT_32.center_crop(images)
    assert crop.shape == (2, 3, 32, 32)
    assert np.array_equal(crop, images[..., 2:34, 2:34])
    assert np.array_equal(AT_32.center_crop(torch.from_numpy(images)).numpy(), crop)


def test_a_value_survives_json():
    value = preprocessing_of(48, grayscale=True, mean=(0.485, 0.456, 0.406), resize_scale=1.2)
    value = dataclasses.replace(value, faces="aligned", face_margin=1.25)
    assert Preprocessing.from_json(value.to_json()) == value
    assert hash(Preprocessing.from_json(value.to_json())) == hash(value)


@pytest.mark.parametrize(
    ("field", "allowed", "values"),
    [
        ("img_size", "1..2048", [0, "32", True, 4096, 32.0]),
        ("mean", "-10..10", [[0.5, 0.5], [0.5, 0.5, None], [0.5, 1e300, 0.5]]),
        ("std", "0.001..10", [[0.5, 0, 0.5], [0.5, float("nan"), 0.5], [0.5, 0.5, True], "half"]),
        ("interpolation", "bicubic", ["magic", ["box"]]),
        ("grayscale", "true or false", [1]),
        ("resize_scale", "1..4", [0.5, 200, float("inf"), None]),
        ("faces", "as_is, box, aligned", ["Box", "", True, 3, None, ["box"]]),
        ("face_margin", "0.5..3", ["1", float("nan"), float("inf"), 0, -1, 1e9, True, None]),
    ],
)
def test_a_value_out_of_range_is_named_with_what_is_allowed(field, allowed, values):
    for value in values:
        text = json.dumps({**json.loads(AT_32.to_json()), field: value})
        with pytest.raises(ValueError, match=rf"\b{field}\b.*{re.escape(allowed)}") as caught:
            Preprocessing.from_json(text)
        shown = tuple(value) if isinstance(value, list) else value
        assert repr(shown) in str(caught.value)


@pytest.mark.parametrize("text", ["", "[1, 2]", "null", '{"img_size": 32}', '{"zoom": 1}'])
def test_other_json_is_rejected_in_one_line(text):
    with pytest.raises(ValueError, match=r"^preprocessing\b") as caught:
        Preprocessing.from_json(text)
    assert "\n" not in str(caught.value)


def test_the_module_needs_numpy_and_pillow_only():
    code = (
        "import sys, emotion.data.preprocessing;"
        "sys.exit(len({'torch', 'pandas', 'pydantic', 'yaml'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
