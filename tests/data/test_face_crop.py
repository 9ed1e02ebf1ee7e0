"""A crop is the square that it should be, resampled as independent implementations do."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage
from skimage import data
from skimage.transform import SimilarityTransform

from emotion.data.face import Face
from emotion.data.face_crop import (
    BOX_SIDE,
    TEMPLATE,
    central_square,
    face_square,
    standard_crop,
    warp,
)

BICUBIC, NEAREST = Image.Resampling.BICUBIC, Image.Resampling.NEAREST
FIVE = ((40.0, 50.0), (70.0, 50.0), (55.0, 66.0), (43.0, 82.0), (67.0, 82.0))  # landmarks
FACE = Face(box=(30, 20, 80, 100), score=0.9, landmarks=FIVE)
TURNS = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180}
TURNS[270] = Image.Transpose.ROTATE_270  # degrees clockwise to Pillow's way back


def square_at(left, top, side):
    return np.array([[side, 0, left], [0, side, top]], float)


def smooth_image(width=90, height=70):
    noise = np.random.default_rng(0).uniform(0, 255, (height, width, 3))
    return Image.fromarray(
        ndimage.gaussian_filter(noise, (3, 3, 0)).clip(100, 150).astype(np.uint8)
    )


def resample(image, square, side, samples):
    """Each pixel the mean of so many splines per axis; the nearest pixels continue outside."""
    pixels = np.asarray(image).astype(float)
    steps = (np.arange(side * samples) + 0.5) / (side * samples)
    u, v = np.meshgrid(steps, steps)
    x, y = np.tensordot(square, np.stack([u, v, np.ones_like(u)]), axes=1) - 0.5
    values = [
        ndimage.map_coordinates(pixels[..., channel], [y, x], order=3, mode="nearest")
        for channel in range(3)
    ]
    return np.stack(values, -1).reshape(side, samples, side, samples, 3).mean(axis=(1, 3))


def rotated_square(degrees, side, center):
    angle = np.radians(degrees)
    axes = side * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.column_stack([axes, np.array(center) - axes.sum(axis=1) / 2])


@pytest.mark.parametrize("degrees", [0, 17, -90, 135])
@pytest.mark.parametrize(
    ("side", "center"),
    [(24.0, (45, 35)), (3.3, (20.2, 30.7)), (60.5, (45, 35)), (50.0, (3, 66)), (110.0, (45, 35))],
    ids=["as large", "a few pixels", "twice", "over a corner", "larger than the image"],
)
def test_a_crop_is_what_spline_interpolation_gives(degrees, side, center):
    image = smooth_image()
    square = rotated_square(degrees, side, center)
    expected = resample(image, square, 24, samples=max(1, round(side / 24)))
    difference = np.abs(np.asarray(warp(image, square, 24, BICUBIC)) - expected)
    assert difference.max() < 10  # of 50 levels
    assert difference.mean() < 1.2


def test_a_square_of_whole_pixels_is_cropped_exactly():
    image = smooth_image()
    for resampling in (BICUBIC, NEAREST, Image.Resampling.BILINEAR):
        ours = warp(image, square_at(7, 5, 40), 40, resampling)
        assert np.array_equal(np.asarray(ours), np.asarray(image)[5:45, 7:47])
        assert ours.mode == "RGB"


@pytest.mark.parametrize("factor", [2, 3, 7])
def test_a_large_square_is_first_reduced_to_means_of_blocks(factor):
    values = np.random.default_rng(0).integers(0, 256, (9 * factor, 9 * factor, 3), dtype=np.uint8)
    blocks = values.reshape(9, factor, 9, factor, 3).mean(axis=(1, 3))
    ours = warp(Image.fromarray(values), square_at(0, 0, 9 * factor), 9, BICUBIC)
    assert np.abs(np.asarray(ours) - blocks).max() < 0.6  # Pillow rounds in fixed point


def test_the_pixels_of_the_border_continue_outside():
    values = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    ours = np.asarray(warp(Image.fromarray(values), square_at(-10, -15, 50), 50, BICUBIC))
    expected = np.pad(values, [(15, 15), (10, 10), (0, 0)], mode="edge")
    assert np.array_equal(ours, expected)


@pytest.mark.parametrize("resampling", [BICUBIC, NEAREST])
@pytest.mark.parametrize(
    ("corner", "pixel"), [((100, 60), (19, 29)), ((-90, -80), (0, 0)), ((1e9, -1e9), (0, 29))]
)
def test_a_square_beside_the_image_has_the_pixel_of_the_nearest_corner(resampling, corner, pixel):
    values = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    ours = warp(Image.fromarray(values), square_at(*corner, 40), 16, resampling)
    assert (np.asarray(ours) == values[pixel]).all()


@pytest.mark.parametrize("resampling", [BICUBIC, NEAREST])
@pytest.mark.parametrize("side", [1e-6, 1.0, 1e5, 1e8])
def test_memory_does_not_grow_with_the_square(resampling, side):
    image = smooth_image()
    warp(image, square_at(0, 0, 9), 9, resampling)
    tracemalloc.start()
    ours = np.asarray(warp(image, square_at(45 - side / 2, 35 - side / 2, side), 64, resampling))
    assert tracemalloc.get_traced_memory()[1] < 3e6
    tracemalloc.stop()
    assert ours.min() >= 90
    assert ours.max() <= 160  # of the image, whose values are 100 to 150


def test_nearest_gives_values_of_the_image_only():
    values = np.random.default_rng(0).choice([0, 40, 80, 255], (50, 60, 1)).astype(np.uint8)
    image = Image.fromarray(values.repeat(3, axis=2))
    ours = np.asarray(warp(image, rotated_square(20, 140.0, (10, 40)), 32, NEAREST))
    assert set(np.unique(ours)) == {0, 40, 80, 255}


@pytest.mark.parametrize(
    ("size", "expected"), [((60, 20), (20, 0, 40, 20)), ((7, 10), (0, 1, 7, 8))]
)
def test_the_central_square_is_the_largest_one(size, expected):
    left, top, right, bottom = expected
    square = central_square(size)
    assert np.allclose(square @ [0, 0, 1], (left, top), atol=0.5)
    assert np.allclose(square @ [1, 1, 1], (right, bottom), atol=0.5)
    assert np.allclose(square @ [0.5, 0.5, 1], np.array(size) / 2)


# Faces.


@settings(max_examples=50, deadline=None)
@given(st.floats(5, 3000), st.floats(-180, 180), st.floats(-4000, 4000), st.floats(-4000, 4000))
def test_an_aligned_square_puts_the_landmarks_on_the_template(side, degrees, x, y):
    truth = rotated_square(degrees, side, (x, y))
    landmarks = np.column_stack([TEMPLATE, np.ones(5)]) @ truth.T
    face = Face(box=(0, 0, 9, 9), score=1, landmarks=tuple(map(tuple, landmarks.tolist())))
    assert np.allclose(face_square(face, "aligned", 1.0), truth, rtol=0, atol=1e-6 * side + 1e-8)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 99), st.floats(0, 99)), min_size=5, max_size=5, unique=True))
def test_the_aligned_square_is_the_similarity_that_scikit_image_estimates(landmarks):
    reference = SimilarityTransform.from_estimate(TEMPLATE, np.array(landmarks))
    if not reference or reference.scale < 1.01:  # nearly one point; no square then
        return
    face = Face(box=(0, 0, 9, 9), score=1, landmarks=tuple(landmarks))
    assert np.allclose(face_square(face, "aligned", 1.0), reference.params[:2], atol=1e-5)


@pytest.mark.parametrize("kind", ["box", "aligned"])
@pytest.mark.parametrize("margin", [0.5, 1.25, 3.0])
def test_a_margin_widens_the_square_around_its_center(kind, margin):
    tight, wide = (face_square(FACE, kind, value) for value in (1.0, margin))
    assert np.allclose(wide[:, :2], margin * tight[:, :2])
    assert np.allclose(wide @ [0.5, 0.5, 1], tight @ [0.5, 0.5, 1])


def test_the_square_of_a_box_is_upright_around_its_center():
    square = face_square(FACE, "box", 1.0)
    assert np.allclose(square, square_at(55 - 38, 60 - 38, 76))
    assert pytest.approx(76) == BOX_SIDE * 80


def turned_back(face, turn, size):
    """The face of an upright image of this size, in the image that must be turned to be upright."""
    width, height = size

    def back(x, y):
        return {90: (y, width - x), 180: (width - x, height - y), 270: (height - y, x)}[turn]

    left, top, right, bottom = face.box
    (x0, y0), (x1, y1) = back(left, top), back(right, bottom)
    box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
    landmarks = tuple(back(x, y) for x, y in face.landmarks)
    return Face(box=box, score=face.score, landmarks=landmarks, turn=turn)


@pytest.mark.parametrize("kind", ["box", "aligned"])
@pytest.mark.parametrize("turn", TURNS)
def test_the_crop_of_a_turned_image_is_that_of_the_upright_one(kind, turn):
    image = Image.fromarray(data.astronaut()).crop((140, 40, 300, 240))
    lying, face = image.transpose(TURNS[turn]), turned_back(FACE, turn, image.size)
    upright = warp(image, face_square(FACE, kind, 1.0), 64, BICUBIC)
    ours = warp(lying, face_square(face, kind, 1.0), 64, BICUBIC)
    difference = np.abs(np.asarray(ours).astype(int) - np.asarray(upright))
    assert difference.mean() < 0.1
    mirrored = np.abs(np.asarray(ours).astype(int) - np.asarray(upright)[:, ::-1])
    assert mirrored.mean() > 5


@pytest.mark.parametrize("kind", ["box", "aligned"])
@pytest.mark.parametrize(
    "landmarks", [((50.0, 60.0),) * 5, FIVE[:1] * 4 + ((40.0, 50.001),)], ids=["one", "nearly one"]
)
def test_landmarks_in_one_point_give_the_square_of_the_box(kind, landmarks):
    face = Face(box=FACE.box, score=1, landmarks=landmarks)
    assert np.allclose(face_square(face, kind, 1.0), face_square(FACE, "box", 1.0))


@pytest.mark.parametrize("kind", ["box", "aligned"])
def test_a_face_without_area_is_cropped_to_a_pixel(kind):
    face = Face(box=(5, 5, 5, 5), score=1, landmarks=((5.0, 5.0),) * 5)
    square = face_square(face, kind, 1.0)
    assert np.linalg.det(square[:, :2]) == pytest.approx(1)
    image = smooth_image()
    shown = np.asarray(warp(image, square, 8, BICUBIC)).mean(axis=(0, 1))
    assert np.abs(shown - np.asarray(image)[4:6, 4:6].mean(axis=(0, 1))).max() < 5


def test_the_standard_crop_is_the_tight_aligned_one():
    image = smooth_image(120, 120)
    expected = warp(image, face_square(FACE, "aligned", 1.0), 50, BICUBIC)
    assert np.array_equal(np.asarray(standard_crop(image, FACE, 50)), np.asarray(expected))
