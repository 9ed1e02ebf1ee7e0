"""Annotated images: boxes where the faces are, text inside the image, copies inside the folder."""

from dataclasses import replace
from pathlib import Path, PurePath

import numpy as np
import pytest
from PIL import Image, ImageChops

from emotion.data.face import Face
from emotion.prediction.drawing import (
    COLOR,
    UNCERTAIN_COLOR,
    Drawing,
    annotate,
    file_name,
    leave_out_copies,
    name_copies,
)
from emotion.prediction.result import ImageResult, Prediction
from emotion.prediction.sources import Source

GRAY = Image.new("RGB", (400, 400), (90, 90, 90))


def prediction(box=(100, 150, 200, 280), **changes):
    face = Face(box=box, score=0.9, landmarks=()) if box else None
    return Prediction(image="a.jpg", probabilities={"happy": 0.9, "sad": 0.1}, face=face, **changes)


def save(folder, source, image=GRAY, box=(100, 150, 200, 280)):
    return Drawing(folder).save(ImageResult(source, image, [prediction(box)]))


def test_the_box_is_that_of_the_face_and_the_text_lies_above():
    shown = np.asarray(annotate(GRAY, [prediction()]))
    assert shown.shape == (400, 400, 3)
    assert (shown[[150, 279], 100:200] == COLOR).all()
    assert (shown[200, 105:195] == 90).all()  # nothing is drawn on the face
    assert (shown[:150] != 90).any()
    shown = np.asarray(annotate(GRAY, [prediction(uncertain=True)]))
    assert (shown[150, 150] == UNCERTAIN_COLOR).all()


@pytest.mark.parametrize(
    "box",
    [(-20, -30, 60, 50), (350, 350, 450, 460), (0, 0, 400, 400), (390, 0, 399, 9), None],
)
def test_text_stays_inside_the_image(box):
    shown = annotate(GRAY, [prediction(box)])
    assert ImageChops.difference(shown, GRAY).getbbox() is not None
    assert (np.asarray(shown) == COLOR).all(axis=2).sum() > 400  # the background of the text


def test_small_images_are_enlarged():
    assert min(annotate(GRAY.resize((48, 60)), [prediction(None)]).size) == 320
    assert GRAY.getpixel((0, 0)) == (90, 90, 90)  # the image itself is not changed


@pytest.mark.parametrize(
    ("name", "time", "expected"),
    [
        ("a.png", None, "a.png.jpg"),
        ("folder/a.png", None, "folder/a.png.jpg"),
        ("/data/a.png", None, "data/a.png.jpg"),
        ("../../etc/a.png", None, "etc/a.png.jpg"),
        ("a.png", 12.5, "a.png.jpg/000003_00012.500.jpg"),
    ],
)
def test_copies_have_the_paths_of_the_images_but_inside_the_folder(name, time, expected):
    [named] = name_copies([Source(name=name, content=b"")])
    assert file_name(replace(named, time=time, frame=3)) == PurePath(expected)


def test_only_images_with_a_prediction_are_written(tmp_path):
    failed = Prediction(image="b.jpg", probabilities={}, error="cannot be read")
    a, b, c = name_copies(map(Source.of, ("a.jpg", "b.jpg", "c.jpg")))
    for result in (ImageResult(b, None, [failed]), ImageResult(c, GRAY, [])):
        assert Drawing(tmp_path).save(result) == ""
    assert save(tmp_path, a) == ""
    assert [path.name for path in tmp_path.rglob("*.jpg")] == ["a.jpg.jpg"]
    assert Image.open(tmp_path / "a.jpg.jpg").size == GRAY.size


def copies_of(*names):
    sources = [Source(name=name, content=name if name == "-" else Path(name)) for name in names]
    return [str(source.copy) for source in name_copies(sources)]


def test_two_images_never_share_a_copy_and_one_image_has_one():
    names = ("a/f.jpg", "../a/f.jpg", "/a/f.jpg", "-", "stdin", "x.jpg", "x.jpg.jpg")
    found = copies_of(*names)
    assert len(set(found)) == len(names)
    assert found[:3] == ["a/f.jpg.jpg", "a/f.jpg (2).jpg", "a/f.jpg (3).jpg"]
    assert copies_of("v.mp4", "../v.mp4") == ["v.mp4.frames", "v.mp4 (2).frames"]
    assert copies_of("a.jpg", "b.jpg", "a.jpg") == ["a.jpg.jpg", "b.jpg.jpg", "a.jpg.jpg"]


def kept(names, folder, found=True):
    sources = [Source(name=name, content=Path(name), found=found) for name in names]
    return [source.name for source in leave_out_copies(name_copies(sources), Path(folder))]


@pytest.mark.parametrize("folder", [".", "photos", "photos/drawn"])
def test_copies_of_an_earlier_call_are_left_out_and_nothing_else(folder):
    """Images below the folder of the copies are images like others."""
    images = ["photos/a.jpg", "photos/a.jpg.jpg.png", "photos/drawn/mine.jpg", "photos/v.mp4"]
    drawn = [f"{folder}/photos/a.jpg.jpg", f"{folder}/photos/v.mp4.frames/000001_00000.000.jpg"]
    assert kept(images + drawn, folder) == images


def test_an_image_that_is_named_itself_is_never_left_out():
    names = ["a.jpg", "out/a.jpg.jpg"]
    assert kept(names, "out", found=False) == names


@pytest.mark.parametrize("size", [(1, 205), (1, 30_000), (66_000, 320), (30_000, 2), (1, 1)])
def test_an_image_of_any_shape_can_be_drawn(tmp_path, size):
    [source] = name_copies([Source.of("a.png")])
    assert save(tmp_path, source, Image.new("RGB", size, "gray"), box=None) == ""
    with Image.open(tmp_path / "a.png.jpg") as shown:
        assert max(shown.size) <= 65_000
        assert min(shown.size) >= 1
        assert shown.width * shown.height <= max(4096**2, size[0] * size[1])
        shown.load()


def test_a_photo_of_the_user_is_not_replaced_but_a_copy_is(tmp_path):
    photo = tmp_path / "face.jpg"
    GRAY.save(photo)
    before = photo.read_bytes()
    [source] = name_copies([Source(name="face", content=b"")])  # its copy would be face.jpg
    assert str(photo) in save(tmp_path, source)
    assert photo.read_bytes() == before
    photo.unlink()
    assert save(tmp_path, source) == save(tmp_path, source) == ""


@pytest.mark.parametrize("name", ["x" * 250 + ".jpg", "folder", "y" * 5000])
def test_a_copy_that_cannot_be_written_is_an_error_of_its_image(tmp_path, name):
    (tmp_path / "folder.jpg").mkdir()
    [source] = name_copies([Source.of(name)])
    assert f"{name}.jpg" in save(tmp_path, source)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.jpg"]
