"""Parity finds a file that answers differently, whatever the reason."""

import math

import pytest

from emotion.core.errors import UserError
from emotion.export.parity import Parity, compare
from tests.export.conftest import TEMPERATURE


def test_the_right_file_agrees_at_both_batch_sizes(small_onnx, small_checkpoint, cached):
    result = compare(small_onnx, small_checkpoint, TEMPERATURE, cached)
    assert set(result.max_abs_difference) == {"batch_1", "batch_7"}
    assert max(result.max_abs_difference.values()) < 1e-5
    assert result.same_class == 1
    result.require(1e-4)


def test_one_changed_weight_is_found(small_onnx, small_checkpoint, cached):
    small_checkpoint.state_dict["0.weight"][3, 1, 2, 2] += 0.05
    result = compare(small_onnx, small_checkpoint, TEMPERATURE, cached)
    with pytest.raises(UserError, match=r"differs.*tolerance 0\.0001"):
        result.require(1e-4)


@pytest.mark.parametrize(("field", "value"), [("mean", (0.5, 0.5, 0.5)), ("std", (0.2, 0.2, 0.2))])
def test_another_normalization_is_found(field, value, small_onnx, small_checkpoint, cached):
    setattr(small_checkpoint, field, value)
    result = compare(small_onnx, small_checkpoint, TEMPERATURE, cached)
    assert result.max_abs_difference["batch_1"] > 1e-4


def test_another_temperature_is_found(small_onnx, small_checkpoint, cached):
    result = compare(small_onnx, small_checkpoint, 1.0, cached)
    assert result.max_abs_difference["batch_7"] > 1e-4


@pytest.mark.parametrize(
    "parity",
    [
        Parity(max_abs_difference={"batch_1": 0.0, "batch_7": math.nan}, same_class=1.0),
        Parity(max_abs_difference={"batch_1": 0.0, "batch_7": 0.0}, same_class=0.5),
    ],
)
def test_nan_and_another_class_fail_too(parity):
    with pytest.raises(UserError):
        parity.require(1.0)
