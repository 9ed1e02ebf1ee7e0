"""The parity check detects a file with other outputs, whatever the cause."""

import math
from dataclasses import replace

import pytest
import torch

from emotion.core.errors import UserError
from emotion.export.parity import Parity, compare, round_up
from tests.conftest import make_calibration
from tests.export.conftest import TEMPERATURE


def test_the_exported_file_agrees_at_both_batch_sizes(small_onnx, small_checkpoint, cached):
    result = compare(small_onnx, small_checkpoint, make_calibration(TEMPERATURE), cached)
    assert set(result.max_abs_difference) == {"batch_1", "batch_7"}
    assert max(result.max_abs_difference.values()) < 1e-5
    assert result.same_class == 1
    result.require(1e-4)


def test_one_changed_weight_is_detected(small_onnx, small_checkpoint, cached):
    small_checkpoint.state_dict["0.weight"][3, 1, 2, 2] += 0.05
    result = compare(small_onnx, small_checkpoint, make_calibration(TEMPERATURE), cached)
    with pytest.raises(UserError, match=r"differs.*tolerance 0\.0001"):
        result.require(1e-4)


@pytest.mark.parametrize(("field", "value"), [("mean", (0.5, 0.5, 0.5)), ("std", (0.2, 0.2, 0.2))])
def test_another_normalization_is_detected(field, value, small_onnx, small_checkpoint, cached):
    changed = replace(small_checkpoint.preprocessing, **{field: value})
    small_checkpoint.preprocessing = changed
    result = compare(small_onnx, small_checkpoint, make_calibration(TEMPERATURE), cached)
    assert result.max_abs_difference["batch_1"] > 1e-4


def test_the_network_is_built_once(small_onnx, small_checkpoint, monkeypatch):
    builds = []
    build_model = small_checkpoint.build_model
    monkeypatch.setattr(
        small_checkpoint, "build_model", lambda: builds.append(1) or build_model(), raising=False
    )
    images = torch.zeros(40, 3, 36, 36, dtype=torch.uint8)  # three batches of the network
    compare(small_onnx, small_checkpoint, make_calibration(TEMPERATURE), images)
    assert builds == [1]


def test_another_temperature_is_detected(small_onnx, small_checkpoint, cached):
    result = compare(small_onnx, small_checkpoint, make_calibration(), cached)
    assert result.max_abs_difference["batch_7"] > 1e-4


@pytest.mark.parametrize(
    "parity",
    [
        Parity(max_abs_difference={"batch_1": 0.0, "batch_7": math.nan}, same_class=1.0),
        Parity(max_abs_difference={"batch_1": 0.0, "batch_7": 0.0}, same_class=0.5),
    ],
)
def test_nan_and_another_class_are_rejected(parity):
    with pytest.raises(UserError):
        parity.require(1.0)


@pytest.mark.parametrize(
    ("difference", "reported"),
    [(0.0, 1e-4), (8.6e-6, 1e-4), (1.1e-5, 1e-4), (1e-4, 1e-4), (1.1e-4, 1e-3), (0.3, 1.0)],
)
def test_the_reported_difference_does_not_depend_on_the_digits_of_a_processor(difference, reported):
    assert round_up(difference) == reported
