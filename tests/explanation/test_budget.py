"""The number of images is a function of the network and the settings."""

import pytest

from emotion.explanation.budget import (
    MIN_IMAGES,
    MIN_SAMPLING_IMAGES,
    SINGLE_PER_SAMPLING,
    count_images,
)
from emotion.explanation.params import ExplainParams
from tests.conftest import make_checkpoint


def counts(budget, rows=10_000, probes=3, model_type="test_resnet", **settings):
    model = make_checkpoint(model_type).build_model()
    return count_images(model, 48, rows, probes, ExplainParams(budget_s=budget, **settings))


def test_twice_the_budget_is_twice_the_images():
    one, two = counts(1000.0), counts(2000.0)
    assert abs(two.single - 2 * one.single) <= 1
    assert one.single // SINGLE_PER_SAMPLING == one.sampling


@pytest.mark.parametrize(
    ("budget", "rows", "probes", "expected"),
    [
        (1.0, 10_000, 3, (MIN_IMAGES, MIN_SAMPLING_IMAGES)),  # enough for an interval
        (1e6, 50, 3, (50, 50)),  # of the test split
        (1.0, 10_000, 40, (40, 40)),  # all probe images have the maps of all methods
    ],
)
def test_the_counts_stay_within_their_limits(budget, rows, probes, expected):
    found = counts(budget, rows, probes)
    assert (found.single, found.sampling) == expected
    assert found.probes == probes


def test_fewer_methods_leave_more_images_and_more_samples_leave_fewer():
    assert counts(1000.0, methods=["grad_cam"]).single > counts(1000.0).single
    assert counts(1000.0, lime_samples=1000).single < counts(1000.0).single
