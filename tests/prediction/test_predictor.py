"""The Python API gives equal predictions for every form of an image, and for the faces in one."""

import io
import struct
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from emotion.core.errors import UserError
from emotion.prediction.predictor import Predictor
from emotion.prediction.sources import Source
from tests.user_errors import user_error

GREEN = Image.new("RGB", (40, 40), (0, 200, 0))
GREEN.putpixel((0, 0), (0, 0, 0))  # so that it is not blank


@pytest.fixture
def predictor(onnx_file):
    return Predictor.load(onnx_file)


def test_a_prediction_has_the_path_as_name_and_probabilities(predictor, faces):
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


def closed_file(faces):
    with (faces / "red.jpg").open("rb") as file:
        return file


def closed_image(faces):
    with Image.open(faces / "red.jpg") as image:
        return image


def cut_image(_):
    file = io.BytesIO()
    Image.effect_noise((64, 64), 90).save(file, "JPEG")
    return Image.open(io.BytesIO(file.getvalue()[: file.tell() // 2]))


NO_IMAGES = {
    "nothing": (lambda _: b"", ["image"]),
    "five channels": (lambda _: np.zeros((4, 4, 5), np.uint8), ["(4, 4, 5)"]),
    "a batch": (lambda _: np.zeros((2, 4, 4, 3), np.uint8), ["(2, 4, 4, 3)"]),
    "a number": (lambda _: np.array(3), ["()"]),
    "objects": (lambda _: np.full((4, 4), None), ["object"]),
    "complex": (lambda _: np.zeros((4, 4), complex), ["complex128"]),
    "int64 array": (lambda _: np.arange(16).reshape(4, 4), ["int64", "0", "15"]),
    "signed array": (lambda _: np.full((4, 4), -3, np.int8), ["int8", "-3"]),
    "float array": (lambda _: np.linspace(-0.3, 812, 9).reshape(3, 3), ["-0.3", "812"]),
    "no pixels": (lambda _: np.zeros((0, 4, 3), np.uint8), ["image"]),
    "no width": (lambda _: Image.new("RGB", (0, 9)), ["image"]),
    "no file": (lambda _: "gone.png", ["gone.png"]),
    "no name": (lambda _: "", ["path"]),
    "a hyphen, which is not stdin here": (lambda _: "-", ["-"]),
    "a file in text mode": (lambda faces: (faces / "red.jpg").open(encoding="latin-1"), ["text"]),
    "a closed file": (closed_file, ["closed"]),
    "a closed image": (closed_image, ["image"]),
    "a cut image": (cut_image, ["truncated"]),
    "a huge claim": (lambda _: b"P5 9999 9999 255\n", ["9999"]),
    "a list": (lambda _: [[1, 2]], ["list"]),
    "None": (lambda _: None, ["NoneType"]),
    "an integer": (lambda _: 7, ["int"]),
}


@pytest.mark.parametrize("name", NO_IMAGES)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_what_is_no_image_is_one_line_and_loses_only_itself(predictor, faces, monkeypatch, name):
    monkeypatch.setattr("sys.stdin", None)  # that reading it fails
    make, names = NO_IMAGES[name]
    for predict in (predictor.predict, predictor.predict_faces):
        with user_error(*names) as caught:
            predict(make(faces))
        assert "\n" not in str(caught.value)
    good, bad = predictor.predict_batch([faces / "red.jpg", make(faces)])
    assert (good.label, bad.label) == ("angry", "")
    assert bad.error


@pytest.mark.parametrize("error", [MemoryError, EOFError, OverflowError, struct.error("x")])
def test_any_error_of_a_decoder_loses_only_its_image(predictor, faces, monkeypatch, error):
    load = PngImageFile.load

    def fail(image):
        if image.size == (9, 9):
            raise error
        return load(image)

    monkeypatch.setattr(PngImageFile, "load", fail)
    Image.effect_noise((9, 9), 50).save(faces / "bad.png")
    bad, good = predictor.predict_batch([faces / "bad.png", faces / "green.png"])
    assert str(faces / "bad.png") in bad.error
    assert good.label == "happy"


def test_an_interrupt_is_no_error_of_an_image(predictor, faces, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(PngImageFile, "load", interrupt)
    with pytest.raises(KeyboardInterrupt):
        predictor.predict_batch([faces / "green.png"])


def test_a_limit_of_pixels_holds_for_every_form(predictor, faces):
    path = faces / "green.png"  # 40 x 50
    small, enough = Predictor(predictor.model, 1999), Predictor(predictor.model, 2000)
    image = Image.open(path)
    for form in (path, path.read_bytes(), io.BytesIO(path.read_bytes()), image, np.asarray(image)):
        assert enough.predict(form).label == "happy"
        with user_error("40 x 50", "1,999"):
            small.predict(form)


@pytest.mark.parametrize("value", [0, -1, 0.5, 1e-9, float("nan"), True, "5"])
def test_numbers_out_of_range_are_errors_that_name_them(predictor, onnx_file, value):
    with user_error(key="max_pixels"):
        Predictor.load(onnx_file, max_pixels=value)
    if value != 0:
        with user_error(key="threads"):
            Predictor.load(onnx_file, threads=value)
    if value not in (0.5, 1e-9):
        with user_error(key="min_face"):
            predictor.predict_faces(GREEN, value)


def test_one_path_is_no_batch(predictor):
    with user_error("str", key="images"):
        predictor.predict_batch("red.jpg")


def test_an_image_of_the_caller_is_not_changed(predictor):
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.effect_noise((30, 20), 50).save(file, "PNG", exif=exif)
    image = Image.open(file)
    predictor.predict(image)
    assert image.size == (30, 20)
    assert image.getexif()[0x0112] == 6
    assert not file.closed


@pytest.mark.parametrize("mode", ["RGB", "L", "transparent"])
def test_a_blank_image_is_an_error_but_a_blank_frame_is_left_out(predictor, mode):
    noise = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    nothing = Image.fromarray(np.dstack([noise, np.zeros((48, 48), np.uint8)]))
    image = nothing if mode == "transparent" else Image.new(mode, (48, 48), 9)
    with user_error("blank"):
        predictor.predict(image)
    frame = Source(name="a.mp4", content=image, time=0.1, frame=1)
    [result] = predictor.predict_sources([frame])
    assert (result.predictions, result.error) == ([], None)
    with_a_pixel = np.zeros((480, 480, 3), np.uint8)
    with_a_pixel[77, 301] = 1
    assert predictor.predict(with_a_pixel).label


ROWS = {
    "NaN": [np.nan, np.nan, np.nan],
    "one NaN": [0.5, 0.5, np.nan],
    "infinite": [np.inf, 0, 0],
    "above 1": [7.5, 0, 0],
    "below 0": [1.5, -0.5, 0],
    "zero": [0, 0, 0],
    "logits": [-3.0, 2.0, 1.0],
}


@pytest.mark.parametrize("name", ROWS)
def test_what_is_no_probability_is_an_error_of_its_image_alone(predictor, faces, name):
    def probabilities(images):
        return np.array(
            [ROWS[name] if image[0].mean() > 0.5 else [0.1, 0.8, 0.1] for image in images]
        )

    broken = Predictor(replace(predictor.model, probabilities=probabilities, threshold=0.5))
    bad, good = broken.predict_batch([faces / "red.jpg", faces / "green.png"])
    assert (good.label, good.uncertain, good.error) == ("happy", False, "")
    assert (bad.probabilities, bad.confidence) == ({}, 0)
    assert str(faces / "red.jpg") in bad.error
    with user_error(file="red.jpg", hint="model"):
        broken.predict(faces / "red.jpg")


def test_other_modes_of_pillow_are_converted(predictor):
    for mode in ("P", "RGBA", "CMYK"):
        assert predictor.predict(GREEN.convert(mode)).label == "happy"
    assert predictor.predict(GREEN.convert("L")).confidence == pytest.approx(1 / 3)


def test_each_face_is_classified_by_its_own_pixels(predictor, party):
    colored = party.copy()
    plain = predictor.predict_faces(party)
    assert len(plain) == 3
    for prediction, color in zip(plain, ((255, 0, 0), (0, 255, 0), (0, 0, 255)), strict=True):
        box = tuple(map(round, prediction.face.box))
        crop = party.crop(box)
        colored.paste(Image.blend(crop, Image.new("RGB", crop.size, color), 0.5), box)
    found = predictor.predict_faces(colored)
    assert [prediction.label for prediction in found] == ["angry", "happy", "sad"]
    lefts = [prediction.face.box[0] for prediction in found]
    assert lefts == sorted(lefts)
    assert [p.label for p in predictor.predict_faces(colored, min_face=120)] == ["happy"]
    assert predictor.predict_faces(GREEN) == []


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
        predictor,
        "predict_sources",
        lambda batch, *rest, **options: (
            sizes.append(len(batch)) or predict(batch, *rest, **options)
        ),
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
