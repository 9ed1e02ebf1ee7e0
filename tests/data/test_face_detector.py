"""The detector finds the faces of an image, and computes what OpenCV's implementation computes."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import data

from emotion.data.face_detector import MIN_SCORE, OVERLAP, WEIGHTS, FaceDetector, suppress
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


def test_one_scale_computes_what_opencv_computes(detector, party):
    reference = cv2.FaceDetectorYN.create(str(WEIGHTS), "", party.size, MIN_SCORE, OVERLAP)
    pixels = np.asarray(party)[..., ::-1]
    expected = reference.detect(np.ascontiguousarray(pixels))[1]
    ours = suppress(detector._detect_at_scale(party, 1.0))
    assert len(ours) == len(expected) >= 2
    order, reference_order = np.argsort(ours[:, 0]), np.argsort(expected[:, 0])
    ours, expected = ours[order], expected[reference_order]
    np.testing.assert_allclose(ours[:, 4], expected[:, 14], atol=1e-3)
    np.testing.assert_allclose(ours[:, :2], expected[:, :2], atol=0.1)
    np.testing.assert_allclose(ours[:, 2:4] - ours[:, :2], expected[:, 2:4], atol=0.1)
    np.testing.assert_allclose(ours[:, 5:], expected[:, 4:14], atol=0.1)


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
