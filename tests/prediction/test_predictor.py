"""The Python API answers alike for every form of an image, and for the faces in one."""

import io

import numpy as np
import pytest
from PIL import Image

from emotion.core.errors import UserError
from emotion.prediction.crops import FRAME, crop_face, face_square
from emotion.prediction.predictor import Predictor
from emotion.prediction.sources import Source


@pytest.fixture
def predictor(onnx_file):
    return Predictor.load(onnx_file)


def test_a_path_bytes_an_array_and_a_pillow_image_give_the_same_answer(predictor, faces):
    path = faces / "green.png"
    forms = [path, str(path), path.read_bytes(), Image.open(path), np.asarray(Image.open(path))]
    answers = [predictor.predict(form) for form in forms]
    assert all(answer.probabilities == answers[0].probabilities for answer in answers)
    assert answers[0].label == "happy"
    assert answers[0].confidence == max(answers[0].probabilities.values())
    assert sum(answers[0].probabilities.values()) == pytest.approx(1)
    assert [answer.image for answer in answers] == [str(path)] * 2 + ["image"] * 3


def test_a_batch_keeps_its_order_and_names_what_cannot_be_read(predictor, faces):
    images = [faces / "red.jpg", b"not an image", faces / "gone.png", faces / "green.png"]
    answers = predictor.predict_batch(images)
    assert [answer.label for answer in answers] == ["angry", "", "", "happy"]
    assert "image cannot be read" in answers[1].error
    assert "gone.png is missing" in answers[2].error
    assert answers[1].confidence == 0
    assert predictor.predict_batch([]) == []


@pytest.mark.parametrize(
    "image",
    [
        b"",
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
        "gone.png",
    ],
    ids=["nothing", "gray array", "RGBA array", "float array", "no pixels", "no file"],
)
def test_what_is_no_image_is_one_sentence(predictor, image):
    for ask in (predictor.predict, predictor.predict_faces):
        with pytest.raises(UserError) as caught:
            ask(image)
        assert "\n" not in str(caught.value)


def test_other_modes_of_pillow_are_converted(predictor):
    green = Image.new("RGB", (40, 40), (0, 200, 0))
    for mode in ("P", "RGBA", "CMYK"):
        assert predictor.predict(green.convert(mode)).label == "happy"
    assert predictor.predict(Image.new("L", (40, 40), 128)).confidence == pytest.approx(1 / 3)


def test_each_face_is_classified_by_its_own_pixels(predictor, party):
    colored = party.copy()
    plain = predictor.predict_faces(party)
    assert len(plain) == 3
    for answer, color in zip(plain, ((255, 0, 0), (0, 255, 0), (0, 0, 255)), strict=True):
        left, top, side = face_square(party, answer.face)
        tint = Image.blend(
            crop_face(party, answer.face), Image.new("RGB", (side, side), color), 0.5
        )
        colored.paste(tint, (left, top))
    found = predictor.predict_faces(colored)
    assert [answer.label for answer in found] == ["angry", "happy", "sad"]
    assert [answer.face.box[0] for answer in found] == sorted(a.face.box[0] for a in found)
    assert [a.label for a in predictor.predict_faces(colored, min_face=120)] == ["happy"]


def test_an_image_without_a_face_gives_no_answer(predictor, faces):
    assert predictor.predict_faces(faces / "red.jpg") == []


def test_the_square_of_a_face_is_centered_on_its_box_and_padded_with_black(predictor, party):
    [face, *_] = [answer.face for answer in predictor.predict_faces(party)]
    left, top, right, bottom = face.box
    x, y, side = face_square(party, face)
    assert side == round(FRAME * (bottom - top))
    assert x + side / 2 == pytest.approx((left + right) / 2, abs=1)
    assert y + side / 2 == pytest.approx((top + bottom) / 2, abs=1)
    edge = party.crop((round(left + 20), 0, 640, 360))  # cuts through the face
    assert crop_face(edge, predictor.predict_faces(party)[0].face).size == (side, side)


def test_an_image_of_exif_rotation_is_upright_before_faces_are_looked_for(predictor, party):
    turned = party.transpose(Image.Transpose.ROTATE_90)  # counterclockwise, and 6 turns it back
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    turned.save(file, "JPEG", exif=exif, quality=95)
    assert len(predictor.predict_faces(file.getvalue())) == 3


def test_many_images_are_classified_in_batches(predictor, faces, monkeypatch):
    """All views at once took three megabytes per image."""
    sizes, answer = [], predictor.answer
    monkeypatch.setattr(
        predictor, "answer", lambda batch: sizes.append(len(batch)) or answer(batch)
    )
    count = 2 * predictor.model.batch_size + 1
    answers = predictor.predict_batch([faces / "red.jpg"] * count)
    assert [answer.label for answer in answers] == ["angry"] * count
    assert max(sizes) <= predictor.model.batch_size


def test_images_are_kept_only_if_asked_for(predictor, faces):
    source = Source.of(faces / "red.jpg")
    assert predictor.answer([source])[0].image is None
    assert predictor.answer([source], keep_images=True)[0].image.size == (40, 50)
