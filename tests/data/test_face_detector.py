"""The detector finds the faces of an image, and computes what OpenCV's implementation computes."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFilter
from skimage import data

from emotion.data.face import Face, by_size
from emotion.data.face_crop import standard_crop
from emotion.data.face_detector import (
    CLOSE_UP_SCORE,
    MIN_SCORE,
    OVERLAP,
    WEIGHTS,
    FaceDetector,
    suppress,
)
from tests.data.conftest import PLACES


@pytest.fixture(scope="module")
def detector():
    return FaceDetector()


def test_each_face_is_found_once_within_its_square(detector, party):
    faces = detector.detect(party)
    assert len(faces) == len(PLACES)
    for face, ((left, top), side) in zip(faces, sorted(PLACES.items()), strict=True):
        middle = (face.box[0] + face.box[2]) / 2, (face.box[1] + face.box[3]) / 2
        assert left < middle[0] < left + side
        assert top < middle[1] < top + side
        assert 0.4 * side < face.box[3] - face.box[1] < 1.1 * side
        assert MIN_SCORE <= face.score <= 1


def test_landmarks_are_eyes_above_the_nose_above_the_mouth(detector, party):
    for face in detector.detect(party):
        left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
        assert left_eye[0] < nose[0] < right_eye[0]
        assert left_mouth[0] < right_mouth[0]
        assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


@pytest.mark.parametrize("width", [320, 1280, 2400])
def test_boxes_scale_with_the_image(detector, party, width):
    small = detector.detect(party)
    factor = width / party.width
    faces = detector.detect(party.resize((width, round(party.height * factor))), min_face=10)
    boxes = np.array([[face.box for face in found] for found in (small, faces)])
    sides = (boxes[0, :, 3] - boxes[0, :, 1])[:, None]
    assert np.abs(boxes[1] / factor - boxes[0]).max() < 0.15 * sides.max()


def test_faces_below_the_smallest_size_are_left_out(detector, party):
    sizes = sorted(face.box[3] - face.box[1] for face in detector.detect(party))
    found = detector.detect(party, min_face=(sizes[0] + sizes[1]) / 2)
    assert len(found) == 2


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGB", (300, 200), "white"),
        Image.new("RGB", (1, 1)),
        Image.new("RGB", (3000, 2)),
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)),
        Image.fromarray(data.coffee()),
        Image.fromarray(data.chelsea()),
    ],
    ids=["white", "one pixel", "a line", "noise", "coffee", "cat"],
)
def test_no_face_is_found_in_an_image_without_one(detector, image):
    assert detector.detect(image) == []


def test_a_photograph_and_a_face_that_fills_the_image(detector):
    astronaut = Image.fromarray(data.astronaut())
    [face] = detector.detect(astronaut)
    assert np.allclose(face.box, (175, 65, 275, 195), atol=30)
    close = astronaut.crop([round(v) for v in face.box]).resize((1500, 1900))
    assert len(detector.detect(close)) == 1


def small_crop():
    """The middle of the astronaut's face, 48 gray blurred pixels, as in FER2013."""
    face = Image.fromarray(data.astronaut()).crop((193, 82, 256, 159)).convert("L")
    small = face.resize((48, 48), Image.Resampling.LANCZOS)
    return small.filter(ImageFilter.GaussianBlur(2)).convert("RGB")


def test_a_doubtful_face_counts_if_it_fills_the_image(detector):
    [face] = detector.detect(small_crop())
    assert CLOSE_UP_SCORE <= face.score < MIN_SCORE
    scene = Image.new("RGB", (240, 240), "gray")
    scene.paste(small_crop(), (30, 40))
    assert detector.detect(scene) == []


def test_a_doubtful_face_does_not_count_beside_a_sure_one(detector, monkeypatch):
    sure, doubtful = [0, 0, 30, 40, 0.9], [50, 0, 130, 90, 0.7]
    rows = np.array([row + [0] * 10 + [1] for row in (sure, doubtful)])
    monkeypatch.setattr(detector, "_detect_at_scale", lambda *_: rows)
    assert [face.score for face in detector.detect(Image.new("RGB", (150, 150)))] == [0.9]
    rows[0, 4] = 0.75  # too small for a close-up
    assert [face.score for face in detector.detect(Image.new("RGB", (150, 150)))] == [0.7]


def test_an_image_of_few_pixels_is_enlarged_more(detector):
    [face] = detector.detect(small_crop().resize((24, 24), Image.Resampling.LANCZOS))
    assert face.zoom == 5


# Degrees clockwise by which an image must be turned, to the transform that makes it so.
LYING = {
    90: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_270,
}


def turn_point(x, y, turn, size):
    """Where a point of the upright image is in the image that is lying."""
    width, height = size
    return {90: (y, width - x), 180: (width - x, height - y), 270: (height - y, x)}[turn]


@pytest.mark.parametrize("turn", LYING)
def test_faces_of_a_lying_photograph_are_in_its_own_pixels(detector, turn):
    """Compared with those of the upright one, landmark by landmark."""
    upright = Image.fromarray(data.astronaut()).crop((60, 0, 400, 420))
    [expected] = detector.detect(upright)
    [face] = detector.detect(upright.transpose(LYING[turn]))
    assert (expected.turn, face.turn) == (0, turn)
    assert face.score == pytest.approx(expected.score, abs=0.01)
    points = [turn_point(x, y, turn, upright.size) for x, y in expected.landmarks]
    np.testing.assert_allclose(face.landmarks, points, atol=2)
    left, top, right, bottom = expected.box
    corners = [turn_point(x, y, turn, upright.size) for x, y in ((left, top), (right, bottom))]
    np.testing.assert_allclose(face.box[:2], np.min(corners, axis=0), atol=4)
    np.testing.assert_allclose(face.box[2:], np.max(corners, axis=0), atol=4)


@pytest.mark.parametrize("turn", LYING)
def test_the_crop_of_a_lying_face_is_upright(detector, turn):
    upright = Image.fromarray(data.astronaut())
    lying = upright.transpose(LYING[turn])
    crops = [
        np.asarray(standard_crop(image, detector.detect(image)[0], 64)).astype(int)
        for image in (upright, lying)
    ]
    assert np.abs(crops[0] - crops[1]).mean() < 8
    assert np.abs(crops[0] - crops[1][::-1]).mean() > 30


def test_each_face_of_a_lying_party_is_turned(detector, party):
    faces = detector.detect(party.transpose(Image.Transpose.ROTATE_90))
    assert [face.turn for face in faces] == [90] * len(PLACES)
    assert faces == sorted(faces, key=lambda face: face.box)
    boxes = [face.box for face in faces]
    for (left, top), side in PLACES.items():
        x, y = turn_point(left + side / 2, top + side / 2, 90, party.size)
        assert sum(box[0] < x < box[2] and box[1] < y < box[3] for box in boxes) == 1


def test_an_image_is_not_turned_if_that_is_refused(detector):
    lying = Image.fromarray(data.astronaut()).transpose(LYING[90])
    assert {face.turn for face in detector.detect(lying)} == {90}
    assert {face.turn for face in detector.detect(lying, turn=False)} <= {0}


@pytest.mark.parametrize("turn", [0, 90, 270])
def test_a_cat_is_no_face_in_any_turn(detector, turn):
    """Upside down, it has a score of 0.83, which is why the other turns must be surer."""
    cat = Image.fromarray(data.chelsea())
    assert detector.detect(cat.transpose(LYING[turn]) if turn else cat) == []


def test_an_upright_photograph_is_not_turned_for_a_face_that_lies_in_it(detector):
    image = Image.new("RGB", (900, 420), "gray")
    astronaut = Image.fromarray(data.astronaut()).crop((60, 0, 400, 420))
    image.paste(astronaut, (0, 0))
    image.paste(astronaut.resize((200, 247)).transpose(Image.Transpose.ROTATE_90), (500, 80))
    assert {face.turn for face in detector.detect(image)} == {0}


def make_face(left, width):
    return Face(box=(left, 0, left + width, 10), score=0.9, landmarks=((0.0, 0.0),) * 5)


def test_faces_of_equal_size_stay_in_their_order():
    small, large, other = make_face(0, 5), make_face(20, 9), make_face(40, 9)
    assert by_size([small, large, other]) == [large, other, small]


@pytest.mark.parametrize(("width", "zoom"), [(24, 2.0), (60, 1.92), (700, 0.32)])
def test_the_zoom_is_the_smallest_scale_at_which_a_face_is_found(detector, width, zoom):
    side = 300 if width == 24 else 1000
    image = Image.new("RGB", (side, side), "gray")
    face = Image.fromarray(data.astronaut()).crop((162, 50, 286, 220))
    image.paste(face.resize((width, round(width * 170 / 124))), (20, 20))
    [found] = detector.detect(image)
    assert found.zoom == pytest.approx(zoom)


def test_one_scale_computes_what_opencv_computes(detector, party):
    reference = cv2.FaceDetectorYN.create(str(WEIGHTS), "", party.size, MIN_SCORE, OVERLAP)
    pixels = np.asarray(party)[..., ::-1]
    expected = reference.detect(np.ascontiguousarray(pixels))[1]
    ours = suppress(detector._detect_at_scale(party, 1.0))
    assert (ours[:, 15] == 1.0).all()
    assert len(ours) == len(expected) >= 2
    order, reference_order = np.argsort(ours[:, 0]), np.argsort(expected[:, 0])
    ours, expected = ours[order], expected[reference_order]
    np.testing.assert_allclose(ours[:, 4], expected[:, 14], atol=1e-3)
    np.testing.assert_allclose(ours[:, :2], expected[:, :2], atol=0.1)
    np.testing.assert_allclose(ours[:, 2:4] - ours[:, :2], expected[:, 2:4], atol=0.1)
    np.testing.assert_allclose(ours[:, 5:15], expected[:, 4:14], atol=0.1)


def test_of_boxes_that_overlap_the_best_is_kept():
    rows = np.array(
        [
            [0, 0, 10, 10, 0.85, 1],
            [1, 0, 11, 10, 0.95, 2],  # overlaps the first by 9 / 11
            [6, 0, 16, 10, 0.90, 3],  # and this one by 5 / 15
            [40, 40, 50, 50, 0.80, 4],
        ]
    )
    assert suppress(rows)[:, 5].tolist() == [2, 4]
    assert len(suppress(rows[:0])) == 0


def test_threads_share_a_detector(detector, party):
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(detector.detect, [party] * 4))
    assert all(faces == detector.detect(party) for faces in found)
