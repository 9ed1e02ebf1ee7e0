"""The randomization check fails an edge detector in disguise, and passes Grad-CAM."""

import numpy as np
import pytest
import torch

from emotion.explanation.faithfulness.randomization import (
    LIMIT,
    check_randomization,
    correlate,
    destroy,
)
from emotion.explanation.methods import EXPLAINERS
from emotion.models.classifier import name_stages
from tests.conftest import make_checkpoint
from tests.explanation.methods.conftest import DEFAULT

IMAGES = torch.randn(6, 3, 48, 48, generator=torch.Generator().manual_seed(0))
TARGETS = torch.tensor([0, 1, 2, 0, 1, 2])


@pytest.fixture(scope="module")
def model():
    return make_checkpoint("test_efficientnet").build_model()


def edges(_model):
    """Looks like an attribution map, and does not depend on the network."""
    gray = IMAGES.mean(dim=1).numpy()
    return np.stack([np.hypot(*np.gradient(image)) for image in gray])


def grad_cam(model):
    return EXPLAINERS["grad_cam"](model, IMAGES, TARGETS, DEFAULT).maps


def test_an_edge_detector_fails(model):
    found = check_randomization(edges, model, name_stages(model), edges(model))
    assert all(values.mean() > LIMIT for values in found.values())


def test_grad_cam_passes(model):
    found = check_randomization(grad_cam, model, name_stages(model), grad_cam(model))
    assert next(iter(found)) == "head"
    assert list(found.values())[-1].mean() < LIMIT


def test_each_step_destroys_one_stage_more_and_the_model_stays(model):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    cascade = name_stages(model)
    destroyed = set()
    for step, changed in destroy(model, cascade):
        destroyed |= set(cascade[step])
        for name, value in changed.named_parameters():
            if name not in destroyed:
                assert torch.equal(value, before[name])
            else:  # shuffled: the same values in another order
                torch.testing.assert_close(
                    value.flatten().sort()[0], before[name].flatten().sort()[0]
                )
    assert destroyed == {name for name, _ in model.named_parameters()}
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_correlations_of_equal_opposite_and_constant_maps():
    maps = np.random.default_rng(0).random((2, 28, 28))
    np.testing.assert_allclose(correlate(maps, maps), 1)
    np.testing.assert_allclose(correlate(maps, -maps), -1)
    np.testing.assert_array_equal(correlate(maps, np.ones_like(maps)), 0)
