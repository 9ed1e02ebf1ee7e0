"""The Python API gives equal predictions for every form of an image, and for the faces in one."""

import io

import numpy as np
import pytest
from PIL import Image

from emotion.core.errors import UserError
from emotion.prediction.crops import FRAME, crop_face, face_square
from emotion.prediction.predictor import Predictor
from emotion.prediction.sources import Source
from tests.user_errors import user_error

GREEN = Image.new("RGB", (40, 40), (0, 200, 0))


@pytest.fixture
def predictor(onnx_file):
    return Predictor.load(onnx_file)


def test_all_forms_of_an_image_give_the_same_prediction(predictor, faces):
    path = faces / "green.png"
    forms = [path, str(path), path.read_bytes(), Image.open(path), np.asarray(Image.open(path))]
    first, *others = predictions = [predictor.predict(form) for form in forms]
    assert all(prediction.probabilities == first.probabilities for prediction in others)
    assert first.label == "happy"
    assert first.confidence == max(first.probabilities.values())
    assert sum(first.probabilities.values()) == pytest.approx(1)
    assert [prediction.image for prediction in predictions] == [str(path)] * 2 + ["image"] * 3


def test_a_batch_keeps_its_order_and_names_what_cannot_be_read(predictor, faces):
    images = [faces / "red.jpg", b"not an image", faces / "gone.png", faces / "green.png"]
    predictions = predictor.predict_batch(images)
    assert [prediction.label for prediction in predictions] == ["angry", "", "", "happy"]
    names = [prediction.error.split(" ")[0] for prediction in predictions]
    assert names == ["", "image", str(faces / "gone.png"), ""]
    assert predictions[1].confidence == 0
    assert predictor.predict_batch([]) == []


@pytest.mark.parametrize(
    ("image", "names"),
    [
        (b"", ["image"]),
        (np.zeros((4, 4), np.uint8), ["(4, 4)"]),
        (np.zeros((4, 4, 4), np.uint8), ["(4, 4, 4)"]),
        (np.zeros((4, 4, 3), np.float32), ["float32"]),
        (np.zeros((0, 4, 3), np.uint8), ["(0, 4, 3)"]),
        ("gone.png", ["gone.png"]),
    ],
    ids=["nothing", "gray array", "RGBA array", "float array", "no pixels", "no file"],
)
def test_what_is_no_image_is_one_line_and_keeps_its_fields(predictor, image, names):
    for predict in (predictor.predict, predictor.predict_faces):
        file = image if isinstance(image, str) else None
        with user_error(*names, file=file) as caught:
            predict(image)
        assert "\n" not in str(caught.value)


def test_other_modes_of_pillow_are_converted(predictor):
    for mode in ("P", "RGBA", "CMYK"):
        assert predictor.predict(GREEN.convert(mode)).label == "happy"
    assert predictor.predict(Image.new("L", (40, 40), 128)).confidence == pytest.approx(1 / 3)


def test_each_face_is_classified_by_its_own_pixels(predictor, party):
    colored = party.copy()
    plain = predictor.predict_faces(party)
    assert len(plain) == 3
    for prediction, color in zip(plain, ((255, 0, 0), (0, 255, 0), (0, 0, 255)), strict=True):
        left, top, side = face_square(party, prediction.face)
        crop = crop_face(party, prediction.face)
        tint = Image.blend(crop, Image.new("RGB", (side, side), color), 0.5)
        colored.paste(tint, (left, top))
    found = predictor.predict_faces(colored)
    assert [prediction.label for prediction in found] == ["angry", "happy", "sad"]
    lefts = [prediction.face.box[0] for prediction in found]
    assert lefts == sorted(lefts)
    assert [p.label for p in predictor.predict_faces(colored, min_face=120)] == ["happy"]
    assert predictor.predict_faces(GREEN) == []


def test_the_square_of_a_face_is_centered_on_its_box_and_padded(predictor, party):
    face = predictor.predict_faces(party)[0].face
    left, top, right, bottom = face.box
    x, y, side = face_square(party, face)
    assert side == round(FRAME * (bottom - top))
    assert x + side / 2 == pytest.approx((left + right) / 2, abs=1)
    assert y + side / 2 == pytest.approx((top + bottom) / 2, abs=1)
    edge = party.crop((round(left + 20), 0, 640, 360))  # cuts through the face
    assert crop_face(edge, face).size == (side, side)


def test_an_image_with_exif_rotation_is_upright_before_detection(predictor, party):
    turned = party.transpose(Image.Transpose.ROTATE_90)  # counterclockwise, and 6 turns it back
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    turned.save(file, "JPEG", exif=exif, quality=95)
    assert len(predictor.predict_faces(file.getvalue())) == 3


def test_many_images_are_classified_in_batches(predictor, faces, monkeypatch):
    """All inputs at once took three megabytes per image."""
    sizes, predict = [], predictor.predict_sources
    monkeypatch.setattr(
        predictor, "predict_sources", lambda batch: sizes.append(len(batch)) or predict(batch)
    )
    count = 2 * predictor.model.batch_size + 1
    predictions = predictor.predict_batch([faces / "red.jpg"] * count)
    assert [prediction.label for prediction in predictions] == ["angry"] * count
    assert max(sizes) <= predictor.model.batch_size


def test_results_have_their_source_and_its_image_only_on_request(predictor, faces):
    sources = [Source.of(faces / name) for name in ("red.jpg", "gone.png")]
    for keep, size in ((False, None), (True, (40, 50))):
        read, failed = predictor.predict_sources(sources, keep_images=keep)
        assert (read.image.size if read.image else None) == size
        assert [read.source, failed.source] == sources
        assert read.error is failed.image is None
        assert isinstance(failed.error, UserError)
        assert [prediction.error for prediction in failed.predictions] == [str(failed.error)]
