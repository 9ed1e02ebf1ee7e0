"""Reading, cropping, serialization and validation of a `Preprocessing`."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from emotion.data.preprocessing import Preprocessing
from tests.conftest import preprocessing_of

AT_32 = preprocessing_of(32)


@pytest.fixture
def wide(tmp_path):
    """A red square with black bars on both sides, 60 x 20 pixels."""
    pixels = np.zeros((20, 60, 3), dtype=np.uint8)
    pixels[:, 20:40, 0] = 200
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    return tmp_path / "wide.png"


def test_a_file_is_read_as_its_central_square_at_the_resized_side(wide):
    pixels = AT_32.read(wide)
    assert pixels.shape == (3, 36, 36)  # 1.14 * 32
    assert pixels.dtype == np.uint8
    assert pixels[:, 18, 18].tolist() == [200, 0, 0]
    assert pixels[0, :, 2:-2].min() > 190  # no black bar


def test_grayscale_is_pillows_luminance(wide):
    [gray] = preprocessing_of(32, grayscale=True).read(wide)
    color = Image.fromarray(AT_32.read(wide).transpose(1, 2, 0))
    assert np.array_equal(gray, np.asarray(color.convert("L")))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos"])
def test_resizing_equals_pillows_with_the_filter_of_the_backbone(wide, interpolation):
    ours = preprocessing_of(32, interpolation=interpolation, resize_scale=1.5).read(wide)
    square = Image.open(wide).crop((20, 0, 40, 20))
    expected = square.resize((48, 48), Image.Resampling[interpolation.upper()])
    # With `box`, Pillow's filter reads the pixels around the square; after a crop it does not.
    inner = (slice(None), slice(None), slice(8, -8))
    assert np.array_equal(ours[inner], np.asarray(expected).transpose(2, 0, 1)[inner])


def test_the_center_crop_is_the_same_for_numpy_and_torch():
    images = np.arange(2 * 3 * 36 * 36).reshape(2, 3, 36, 36)
    crop = AT_32.center_crop(images)
    assert crop.shape == (2, 3, 32, 32)
    assert np.array_equal(crop, images[..., 2:34, 2:34])
    assert np.array_equal(AT_32.center_crop(torch.from_numpy(images)).numpy(), crop)


def test_a_value_survives_json():
    value = preprocessing_of(48, grayscale=True, mean=(0.485, 0.456, 0.406), resize_scale=1.2)
    assert Preprocessing.from_json(value.to_json()) == value
    assert hash(Preprocessing.from_json(value.to_json())) == hash(value)


@pytest.mark.parametrize(
    ("field", "allowed", "values"),
    [
        ("img_size", "1..2048", [0, "32", True, 4096, 32.0]),
        ("mean", "-10..10", [[0.5, 0.5], [0.5, 0.5, None], [0.5, 1e300, 0.5]]),
        ("std", "0.001..10", [[0.5, 0, 0.5], [0.5, float("nan"), 0.5], [0.5, 0.5, True], "half"]),
        ("interpolation", "bicubic", ["magic", ["box"]]),
        ("grayscale", "true or false", [1]),
        ("resize_scale", "1..4", [0.5, 200, float("inf"), None]),
    ],
)
def test_a_value_out_of_range_is_named_with_what_is_allowed(field, allowed, values):
    for value in values:
        text = json.dumps({**json.loads(AT_32.to_json()), field: value})
        with pytest.raises(ValueError, match=rf"\b{field}\b.*{re.escape(allowed)}") as caught:
            Preprocessing.from_json(text)
        shown = tuple(value) if isinstance(value, list) else value
        assert repr(shown) in str(caught.value)


@pytest.mark.parametrize("text", ["", "[1, 2]", "null", '{"img_size": 32}', '{"zoom": 1}'])
def test_other_json_is_rejected_in_one_line(text):
    with pytest.raises(ValueError, match=r"^preprocessing\b") as caught:
        Preprocessing.from_json(text)
    assert "\n" not in str(caught.value)


def test_the_module_needs_numpy_and_pillow_only():
    code = (
        "import sys, emotion.data.preprocessing;"
        "sys.exit(len({'torch', 'pandas', 'pydantic', 'yaml'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
