"""Annotated images: boxes where the faces are, text that stays inside, names that do not leave."""

from pathlib import PurePath

import numpy as np
import pytest
from PIL import Image, ImageChops

from emotion.detection.yunet import Face
from emotion.prediction.answers import Prediction
from emotion.prediction.drawing import COLOR, UNCERTAIN_COLOR, Drawing, annotate, file_name
from emotion.prediction.predictor import Answered
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
        ("-", None, "stdin.jpg"),
        ("clip.mp4", 12.5, "clip.mp4/00012.500.jpg"),
    ],
)
def test_copies_lie_where_the_images_lie_but_inside_the_folder(name, time, expected):
    source = Source(name=name, content=b"", time=time)
    assert file_name(Answered(source, GRAY, [])) == PurePath(expected)


def test_only_images_with_an_answer_are_written(tmp_path):
    drawing = Drawing(tmp_path)
    failed = Prediction(image="b.jpg", probabilities={}, error="cannot be read")
    drawing.save(Answered(Source.of("b.jpg"), None, [failed]))
    drawing.save(Answered(Source.of("c.jpg"), GRAY, []))
    drawing.save(Answered(Source.of("a.jpg"), GRAY, [answer()]))
    assert [path.name for path in tmp_path.rglob("*.jpg")] == ["a.jpg.jpg"]
    assert Image.open(tmp_path / "a.jpg.jpg").size == GRAY.size
