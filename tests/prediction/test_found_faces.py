"""A network that was trained on detected faces finds them itself, and crops them as in training."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from emotion.data.face import by_size
from emotion.data.face_detector import FaceDetector
from emotion.prediction.predictor import Predictor
from emotion.prediction.sources import Source
from emotion.prediction.stream import predict_stream
from tests.prediction.conftest import write_face_model
from tests.user_errors import user_error

COLORS = ((255, 0, 0), (0, 255, 0), (0, 0, 255))
NO_FACE = Image.radial_gradient("L").convert("RGB")


@pytest.fixture(params=["box", "aligned"])
def predictor(request, tmp_path):
    return Predictor.load(write_face_model(tmp_path, request.param))


@pytest.fixture(scope="module")
def colored(party):
    """The party with an angry (red), a happy (green, the largest) and a sad (blue) face."""
    image = party.copy()
    for face, color in zip(FaceDetector().detect(party), COLORS, strict=True):
        box = tuple(map(round, face.box))
        crop = party.crop(box)
        image.paste(Image.blend(crop, Image.new("RGB", crop.size, color), 0.5), box)
    return image


def probabilities_of(predictions):
    return np.array([list(prediction.probabilities.values()) for prediction in predictions])


def test_the_largest_face_is_predicted_and_predict_faces_gives_all(predictor, colored):
    found = predictor.predict(colored)
    assert found.label == "happy"
    assert found.face == by_size(FaceDetector().detect(colored))[0]
    [same] = predictor.predict_batch([colored])
    assert same == found
    assert [p.label for p in predictor.predict_faces(colored)] == ["angry", "happy", "sad"]
    assert [p.label for p in predictor.predict_faces(colored, min_face=120)] == ["happy"]


def test_faces_of_one_image_are_batches_of_bounded_size_in_their_order(predictor, colored):
    """Memory must not grow with the number of faces in a photograph."""
    crowd, size = Image.new("RGB", (colored.width, 4 * colored.height)), predictor.model.batch_size
    for number in range(4):
        crowd.paste(colored, (0, number * colored.height))
    counts = []

    def probabilities(images, network=predictor.model.probabilities):
        counts.append(len(images))
        return network(images)

    model = dataclasses.replace(predictor.model, probabilities=probabilities, batch_size=5)
    found = Predictor(model).predict_sources([Source.of(crowd), Source.of(colored)], 20)
    assert counts == [5, 5, 5]
    assert size > 5
    for result in found:
        faces = [prediction.face for prediction in result.predictions]
        expected = FaceDetector().detect(crowd if len(faces) > 3 else colored)
        assert faces == list(expected)
    alone = predictor.predict_faces(crowd)
    np.testing.assert_allclose(
        probabilities_of(found[0].predictions), probabilities_of(alone), atol=1e-6
    )


def test_an_image_without_a_face_is_no_face_and_no_exception(predictor, colored):
    found = predictor.predict(NO_FACE)
    assert (found.no_face, found.label, found.confidence, found.probabilities) == (True, "", 0, {})
    assert found.error
    batch = predictor.predict_batch([colored, NO_FACE, b"no image"])
    assert [prediction.no_face for prediction in batch] == [False, True, False]
    assert [bool(prediction.error) for prediction in batch] == [False, True, True]
    assert predictor.predict_faces(NO_FACE) == []
    with user_error("blank"):
        Predictor(predictor.model, cropped=True).predict(Image.new("RGB", (50, 50)))


def test_in_a_stream_an_image_without_a_face_is_no_face_but_a_frame_is_left_out(predictor):
    sources = [Source(name="a.png", content=NO_FACE), Source(name="b", content=NO_FACE, time=0.5)]
    found, end_of_video = predict_stream(predictor, sources, min_face=31)
    assert (found.image, found.no_face) == ("a.png", True)
    assert " 31 pixels" in found.error
    assert (end_of_video.image, end_of_video.no_face) == ("b", True)


def cut(image, square, side):
    """A square of an image as another program would cut it, from its corners."""
    corners = square @ np.array([[0, 0, 1, 1], [0, 1, 1, 0], [1, 1, 1, 1]])
    quad = corners.T.ravel().tolist()
    return image.transform((side, side), Image.Transform.QUAD, quad, Image.Resampling.BICUBIC)


@pytest.mark.parametrize("margin", [1.0, 1.25])
@pytest.mark.parametrize("faces", ["box", "aligned"])
def test_a_face_cut_by_hand_is_predicted_alike_as_cropped(tmp_path, colored, faces, margin):
    predictor = Predictor.load(write_face_model(tmp_path, faces, margin))
    cropped = Predictor(predictor.model, cropped=True)
    preprocessing = predictor.model.preprocessing
    found = predictor.predict_faces(colored)
    crops = []
    for prediction in found:
        square = preprocessing.view_map(colored.size, prediction.face)
        side = round(np.sqrt(np.linalg.det(square[:, :2])))
        crops.append(cut(colored, square, side))
        own, by_hand = (
            preprocessing.center_crop(pixels).astype(float)
            for pixels in (
                preprocessing.prepare(colored, prediction.face),
                preprocessing.prepare(crops[-1]),
            )
        )
        assert abs(own - by_hand).mean() < 5  # of 255; shifted by one pixel, it is above 8
        assert own.std() > 20
    np.testing.assert_allclose(
        probabilities_of(cropped.predict_batch(crops)), probabilities_of(found), atol=0.02
    )


def test_a_box_is_cut_as_its_documentation_says(tmp_path, colored):
    """By Pillow alone: the square of 0.95 heights around the middle of the box."""
    predictor = Predictor.load(write_face_model(tmp_path, "box"))
    cropped = Predictor.load(tmp_path / "box.onnx", cropped=True)
    for prediction in predictor.predict_faces(colored):
        left, top, right, bottom = prediction.face.box
        x, y, half = (left + right) / 2, (top + bottom) / 2, 0.95 * (bottom - top) / 2
        box = (x - half, y - half, x + half, y + half)
        crop = colored.resize((32, 32), Image.Resampling.BICUBIC, box=box)
        expected = probabilities_of([prediction])
        np.testing.assert_allclose(probabilities_of([cropped.predict(crop)]), expected, atol=0.02)


@pytest.mark.parametrize(("turn", "method"), [(270, "ROTATE_270"), (180, "ROTATE_180")])
def test_a_photograph_that_lies_on_its_side_is_predicted_as_upright(
    predictor, colored, turn, method
):
    # Clockwise by 90 degrees, so that it has to be turned by 270 more.
    turned = colored.transpose(Image.Transpose[method])
    found = predictor.predict_faces(turned)
    assert [prediction.face.turn for prediction in found] == [turn] * 3
    upright = predictor.predict_faces(colored)
    by_label = {prediction.label: prediction for prediction in found}
    same = [by_label[prediction.label] for prediction in upright]
    np.testing.assert_allclose(probabilities_of(same), probabilities_of(upright), atol=0.05)
    prepare = predictor.model.preprocessing.prepare
    for one, other in zip(upright, same, strict=True):
        views = prepare(colored, one.face), prepare(turned, other.face)
        assert abs(views[0].astype(float) - views[1]).mean() < 5  # of 255


def test_a_face_at_the_border_is_continued_by_the_pixels_there(predictor, colored):
    first = predictor.predict_faces(colored)[0].face
    # The left edge cuts through the face.
    start = round(first.box[0] + 0.15 * (first.box[2] - first.box[0]))
    edge = colored.crop((start, 0, 640, 360))
    found = predictor.predict_faces(edge)[0]
    assert found.face.box[0] < 5
    padded = np.pad(np.asarray(edge), ((0, 0), (60, 0), (0, 0)), mode="edge")
    face = found.face
    moved = type(face)(
        box=(face.box[0] + 60, face.box[1], face.box[2] + 60, face.box[3]),
        score=face.score,
        landmarks=tuple((x + 60, y) for x, y in face.landmarks),
    )
    [result] = predictor.predict_sources([Source(name="a", content=padded, face=moved)])
    np.testing.assert_allclose(
        probabilities_of(result.predictions), probabilities_of([found]), atol=0.01
    )


def test_a_face_that_is_known_is_not_detected(predictor, colored, monkeypatch):
    expected = predictor.predict(colored)
    monkeypatch.setattr(FaceDetector, "detect", lambda *_: 1 / 0)
    known = Source(name="image", content=colored, face=expected.face)
    for min_face in (None, 20):
        [result] = predictor.predict_sources([known], min_face)
        assert result.predictions == [expected]


def test_cropped_images_are_not_detected(predictor, colored, monkeypatch):
    monkeypatch.setattr(FaceDetector, "detect", lambda *_: 1 / 0)
    cropped = Predictor(predictor.model, cropped=True)
    for found in (cropped.predict(colored), *cropped.predict_batch([colored, NO_FACE])):
        assert found.label
        assert found.face is None


def test_cropped_has_no_effect_on_a_network_that_takes_images_as_they_are(onnx_file, colored):
    plain, cropped = Predictor.load(onnx_file), Predictor.load(onnx_file, cropped=True)
    assert plain.predict(colored) == cropped.predict(colored)
    assert plain.predict(colored).face is None
