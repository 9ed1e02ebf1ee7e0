"""The number of images is a function of the network and the settings."""

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


def test_a_small_budget_leaves_enough_for_an_interval():
    found = counts(1.0)
    assert (found.single, found.sampling) == (MIN_IMAGES, MIN_SAMPLING_IMAGES)


def test_there_are_never_more_images_than_the_test_split_has():
    found = counts(1e6, rows=50)
    assert (found.single, found.sampling) == (50, 50)


def test_all_probe_images_have_the_maps_of_all_methods():
    found = counts(1.0, probes=40)
    assert (found.single, found.sampling) == (40, 40)


def test_without_sampling_methods_the_budget_is_that_of_the_others():
    alone = counts(1000.0, methods=["grad_cam"])
    assert alone.single > counts(1000.0).single


def test_more_samples_leave_fewer_images():
    assert counts(1000.0, lime_samples=1000).single < counts(1000.0).single
