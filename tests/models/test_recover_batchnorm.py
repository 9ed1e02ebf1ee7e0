"""Recovered BatchNorm statistics change the outputs of training mode, not of evaluation mode."""

import copy

import pytest
import torch

from emotion.models.recover_batchnorm import recover_batchnorm
from tests.models.conftest import images_of, norms_of


@pytest.fixture
def network(make_trained):
    return make_trained("test_efficientnet")


@pytest.fixture
def views():
    return images_of(16)


@torch.no_grad()
@pytest.mark.parametrize("constant", [False, True])
def test_the_output_in_evaluation_mode_is_unchanged(network, views, constant):
    if constant:  # a channel of variance 0
        network.conv_stem.weight[0] = 0.0
    others = views.flip(0) * 2
    before = network(others)
    recover_batchnorm(network, views)
    torch.testing.assert_close(network(others), before, rtol=1e-4, atol=1e-4)


def test_the_statistics_are_those_of_the_activations(network, views):
    recover_batchnorm(network, views)
    assert not any(module._forward_pre_hooks for module in network.modules())
    seen = []
    for norm in norms_of(network):
        norm.register_forward_pre_hook(lambda norm, inputs: seen.append((norm, inputs[0].detach())))
    with torch.no_grad():
        network(views)
    assert len(seen) > 5
    for norm, activations in seen:
        mean, variance = activations.mean((0, 2, 3)), activations.var((0, 2, 3))
        torch.testing.assert_close(norm.running_mean, mean, rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(norm.running_var, variance, rtol=1e-3, atol=1e-4)


@torch.no_grad()
def test_training_mode_then_computes_nearly_the_same(network, views):
    """Without it, the first step of training would see the outputs of another network."""
    evaluated = network(views)
    fused = (copy.deepcopy(network).train()(views) - evaluated).abs().mean()
    recover_batchnorm(network.train(), views)
    assert network.training  # the mode is kept
    recovered = (network(views) - evaluated).abs().mean()
    assert recovered < fused / 20
