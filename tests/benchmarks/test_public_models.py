"""The public networks of benchmarks/bench_photographs.py compute what their frameworks compute."""

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks import public_models
from emotion.data.face import Face

FACE = Face(box=(10.0, 20.0, 50.0, 100.0), score=0.9, landmarks=((0.0, 0.0),) * 5)


@pytest.mark.parametrize(
    ("side", "stride", "expected"),
    [(112, 2, (0, 1)), (57, 2, (1, 1)), (28, 1, (1, 1))],  # TensorFlow's guide to `same`
)
def test_the_odd_pixel_of_same_is_at_the_right_and_at_the_bottom(side, stride, expected):
    padded = public_models._same(torch.ones(1, 1, side, side), 3, stride)
    before, after = expected
    assert padded.shape[2:] == (side + before + after,) * 2
    assert padded.sum() == side**2
    assert padded[0, 0, before, before] == 1
    assert padded[0, 0, -1, -1] == 0


def test_quantized_weights_are_read_in_their_order():
    manifest = [
        {
            "weights": [
                {"name": "a", "shape": [2], "quantization": {"scale": 0.5, "min": -1.0}},
                {"name": "b", "shape": [1, 2]},
            ]
        }
    ]
    content = bytes([0, 4]) + np.array([3, 7], "<f4").tobytes()
    found = public_models._read_shard(manifest, content)
    assert found["a"].tolist() == [-1, 1]
    assert found["b"].tolist() == [[3, 7]]


def test_the_box_is_padded_to_a_square_with_black():
    white = Image.new("RGB", (200, 200), "white")
    found = public_models._preprocess_face_api(white, FACE)  # a box of 40 x 80
    assert found.shape == (3, 112, 112)
    assert (found[:, :, :28] < 0).all()
    assert (found[:, :, 28:84] > 0).all()


def test_gray_values_are_from_minus_one_to_one():
    image = Image.new("RGB", (200, 200))
    image.paste("white", (0, 50, 200, 70))
    whole = public_models._preprocess_fer(image, None)
    assert whole.shape == (1, 64, 64)
    assert (whole.min(), whole.max()) == (-1, 1)
    assert public_models._preprocess_fer(image, FACE).shape == (1, 64, 64)
