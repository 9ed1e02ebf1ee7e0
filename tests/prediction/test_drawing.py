"""Annotated images: boxes where the faces are, text that stays inside, names that do not leave."""

from dataclasses import replace
from pathlib import Path, PurePath

import numpy as np
import pytest
from PIL import Image, ImageChops

from emotion.data.face_detector import Face
from emotion.prediction.drawing import (
    COLOR,
    UNCERTAIN_COLOR,
    Drawing,
    annotate,
    file_name,
    leave_out_copies,
    name_copies,
)
from emotion.prediction.predictor import Answered
from emotion.prediction.result import Prediction
from emotion.prediction.sources import Source

GRAY = Image.new("RGB", (400, 400), (90, 90, 90))


def answer(box=(100, 150, 200, 280), **changes):
    face = Face(box=box, score=0.9, landmarks=()) if box else None
    return Prediction(image="a.jpg", probabilities={"happy": 0.9, "sad": 0.1}, face=face, **changes)


def test_the_box_has_the_place_of_the_face_and_the_text_lies_above():
    shown = np.asarray(annotate(GRAY, [answer()]))
    assert shown.shape == (400, 400, 3)
    assert (shown[150, 100:200] == COLOR).all()
    assert (shown[279, 100:200] == COLOR).all()
    assert (shown[200, 105:195] == 90).all()  # nothing is drawn on the face
    above = (shown[:150] != 90).any(axis=2)
    assert above[135:149, 102:130].all()
    assert not above[:, :98].any()
    assert (np.asarray(annotate(GRAY, [answer(uncertain=True)]))[150, 150] == UNCERTAIN_COLOR).all()


@pytest.mark.parametrize(
    "box",
    [(-20, -30, 60, 50), (350, 350, 450, 460), (0, 0, 400, 400), (390, 0, 399, 9), None],
)
def test_text_stays_inside_the_image(box):
    shown = annotate(GRAY, [answer(box)])
    changed = ImageChops.difference(shown, GRAY).getbbox()
    filled = (np.asarray(shown) == COLOR).all(axis=2).sum()
    assert changed is not None
    assert filled > 400  # the ground of the text


def test_small_images_are_enlarged():
    assert min(annotate(GRAY.resize((48, 60)), [answer(None)]).size) == 320
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
def test_copies_lie_where_the_images_lie_but_inside_the_folder(name, time, expected):
    [named] = name_copies([Source(name=name, content=b"")])
    assert file_name(replace(named, time=time, frame=3)) == PurePath(expected)


def test_only_images_with_an_answer_are_written(tmp_path):
    drawing = Drawing(tmp_path)
    failed = Prediction(image="b.jpg", probabilities={}, error="cannot be read")
    a, b, c = name_copies(map(Source.of, ("a.jpg", "b.jpg", "c.jpg")))
    assert drawing.save(Answered(b, None, [failed])) == ""
    assert drawing.save(Answered(c, GRAY, [])) == ""
    assert drawing.save(Answered(a, GRAY, [answer()])) == ""
    assert [path.name for path in tmp_path.rglob("*.jpg")] == ["a.jpg.jpg"]
    assert Image.open(tmp_path / "a.jpg.jpg").size == GRAY.size


def copies_of(*names):
    sources = [Source(name=name, content=name if name == "-" else Path(name)) for name in names]
    return [str(source.copy) for source in name_copies(sources)]


def test_two_images_never_share_a_copy():
    names = ("a/f.jpg", "../a/f.jpg", "/a/f.jpg", "-", "stdin", "x.jpg", "x.jpg.jpg")
    found = copies_of(*names)
    assert len(set(found)) == len(names)
    assert found[:3] == ["a/f.jpg.jpg", "a/f.jpg (2).jpg", "a/f.jpg (3).jpg"]
    assert copies_of("v.mp4", "../v.mp4") == ["v.mp4.frames", "v.mp4 (2).frames"]


def test_an_image_that_is_given_twice_has_one_copy():
    assert copies_of("a.jpg", "b.jpg", "a.jpg") == ["a.jpg.jpg", "b.jpg.jpg", "a.jpg.jpg"]


def test_frames_of_the_same_time_do_not_share_a_copy():
    [clip] = name_copies([Source.of("v.mp4")])
    first, second = (file_name(replace(clip, time=0.5, frame=number)) for number in (1, 2))
    assert first != second


def listed(*names, found=True):
    return name_copies(Source(name=name, content=Path(name), found=found) for name in names)


@pytest.mark.parametrize("folder", [".", "photos", "photos/drawn"])
def test_copies_of_an_earlier_call_are_left_out_and_nothing_else(folder):
    """Images below the folder of the copies are images like others."""
    images = ["photos/a.jpg", "photos/a.jpg.jpg.png", "photos/drawn/mine.jpg", "photos/v.mp4"]
    drawn = [f"{folder}/photos/a.jpg.jpg", f"{folder}/photos/v.mp4.frames/000001_00000.000.jpg"]
    kept = leave_out_copies(listed(*images, *drawn), Path(folder))
    assert [source.name for source in kept] == images


def test_an_image_that_is_named_itself_is_never_left_out():
    names = ["a.jpg", "out/a.jpg.jpg"]
    kept = leave_out_copies(listed(*names, found=False), Path("out"))
    assert [source.name for source in kept] == names


@pytest.mark.parametrize("size", [(1, 205), (1, 30_000), (66_000, 320), (30_000, 2), (1, 1)])
def test_an_image_of_any_shape_can_be_drawn(tmp_path, size):
    image = Image.new("RGB", size, "gray")
    [source] = name_copies([Source.of("a.png")])
    assert Drawing(tmp_path).save(Answered(source, image, [answer(None)])) == ""
    with Image.open(tmp_path / "a.png.jpg") as shown:
        assert max(shown.size) <= 65_000
        assert min(shown.size) >= 1
        assert shown.width * shown.height <= max(4096**2, size[0] * size[1])
        shown.load()


def test_a_photo_of_the_user_is_not_taken_for_a_copy(tmp_path):
    photo = tmp_path / "face.jpg"
    GRAY.save(photo)
    before = photo.read_bytes()
    [source] = name_copies([Source(name="face", content=b"")])  # its copy would be face.jpg
    drawing, answered = Drawing(tmp_path), Answered(source, GRAY, [answer()])
    assert "exists, and this command has not drawn it" in drawing.save(answered)
    assert photo.read_bytes() == before
    photo.unlink()
    assert drawing.save(answered) == drawing.save(answered) == ""  # its own copy is replaced


@pytest.mark.parametrize("name", ["x" * 250 + ".jpg", "folder", "y" * 5000])
def test_a_copy_that_cannot_be_written_is_an_error_of_its_image(tmp_path, name):
    (tmp_path / "folder.jpg").mkdir()
    [source] = name_copies([Source.of(name)])
    problem = Drawing(tmp_path).save(Answered(source, GRAY, [answer()]))
    assert "cannot be written: " in problem or "has not drawn it" in problem
    assert [path.name for path in tmp_path.iterdir()] == ["folder.jpg"]
