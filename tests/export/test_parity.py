"""The parity check detects a file with other outputs, whatever the cause."""

import math
from dataclasses import replace

import numpy as np
import onnx
import pytest
from scipy import stats

from emotion.export.parity import BATCH_SIZES, Parity, compare, round_up
from emotion.export.report import BatchParity
from tests.conftest import make_calibration
from tests.export.conftest import TEMPERATURE, reference_of
from tests.user_errors import user_error


@pytest.fixture
def model(small_onnx):
    return onnx.load(small_onnx)


def test_the_exported_file_agrees_at_every_batch_size(model, small_checkpoint, cached):
    result = compare(model, reference_of(small_checkpoint, cached))
    assert tuple(result.batches) == BATCH_SIZES == (1, 2, 7, 32)
    assert result.max_abs < 1e-5
    assert max(batch.max_rel for batch in result.batches.values()) < 1e-4
    assert max(batch.max_kl for batch in result.batches.values()) < 1e-6
    assert result.same_class == 1
    assert result.macro_f1_difference == 0
    result.require(1e-4)


def test_the_numbers_are_those_of_their_definitions(model, small_checkpoint, cached):
    expected = reference_of(small_checkpoint, cached)
    shifted = replace(
        expected,
        logits=expected.logits + np.eye(9, 3, dtype=np.float32) / 8,
        probabilities=np.roll(expected.probabilities, 1, axis=1),
    )
    batch = compare(model, shifted).batches[7]
    gaps = np.abs(shifted.probabilities - expected.probabilities)
    assert batch.max_abs == pytest.approx(max(0.125, gaps.max()), abs=1e-5)
    largest = np.abs(shifted.logits).max(axis=1)[:3]
    assert batch.max_rel == pytest.approx((0.125 / largest).max(), abs=1e-4)
    divergences = [
        stats.entropy(p, q)
        for p, q in zip(shifted.probabilities, expected.probabilities, strict=True)
    ]
    assert batch.max_kl == pytest.approx(max(divergences), abs=1e-5)


def test_changed_weights_are_detected_and_the_worst_image_is_named(model, small_checkpoint, cached):
    small_checkpoint.state_dict["0.weight"][:, 1, 2, 2] += 0.5
    cached[:] = round(255 * small_checkpoint.preprocessing.mean[1])  # 0 for the weight
    cached[4] = 255
    result = compare(model, reference_of(small_checkpoint, cached))
    with user_error("0.0001", "4.png", key="export_onnx.tolerance"):
        result.require(1e-4)


@pytest.mark.parametrize(
    ("changes", "temperature"),
    [({"mean": (0.5, 0.5, 0.5)}, 0.0), ({"std": (0.2, 0.2, 0.2)}, 0.0), ({}, 1.0)],
)
def test_another_normalization_or_temperature_is_detected(
    changes, temperature, model, small_checkpoint, cached
):
    small_checkpoint.preprocessing = replace(small_checkpoint.preprocessing, **changes)
    calibration = make_calibration(TEMPERATURE + temperature)
    result = compare(model, reference_of(small_checkpoint, cached, calibration))
    assert result.batches[7].max_abs > 1e-4


@pytest.mark.parametrize(("gap", "same_class"), [(math.nan, 1.0), (0.0, 0.5)])
def test_nan_and_another_class_are_rejected(gap, same_class):
    first, other = (BatchParity(max_abs=value, max_rel=0.0, max_kl=0.0) for value in (0.0, gap))
    parity = Parity(
        batches={1: first, 7: other},
        same_class=same_class,
        macro_f1_difference=0.0,
        worst_image="a.png",
    )
    with user_error("a.png", key="export_onnx.tolerance"):
        parity.require(1.0)


@pytest.mark.parametrize(
    ("difference", "reported"),
    [(0.0, 1e-4), (8.6e-6, 1e-4), (1.1e-5, 1e-4), (1e-4, 1e-4), (1.1e-4, 1e-3), (0.3, 1.0)],
)
def test_the_reported_difference_does_not_depend_on_the_digits_of_a_processor(difference, reported):
    assert round_up(difference) == reported
