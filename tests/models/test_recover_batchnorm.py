"""Measured BatchNorm statistics change what training computes, and nothing in evaluation mode."""

import copy

import pytest
import torch
from torch import nn

from emotion.models.backbones import build_backbone, resolve_timm_name
from emotion.models.recover_batchnorm import unfold_norms


@pytest.fixture
def network():
    """A network with any statistics, weights and biases in its norms."""
    torch.manual_seed(0)
    network = build_backbone(resolve_timm_name("test_efficientnet")).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            nn.init.uniform_(module.weight, -1.0, 1.0)
            nn.init.normal_(module.bias)
    return network


@pytest.fixture
def views():
    return torch.randn(16, 3, 48, 48, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_the_output_in_evaluation_mode_is_unchanged(network, views):
    others = views.flip(0) * 2
    before = network(others)
    unfold_norms(network, views)
    torch.testing.assert_close(network(others), before, rtol=1e-4, atol=1e-4)


def test_the_statistics_are_those_of_the_activations(network, views):
    unfold_norms(network, views)
    seen = {}
    for name, module in network.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            module.register_forward_pre_hook(
                lambda _, inputs, name=name: seen.update({name: inputs[0].detach()})
            )
    with torch.no_grad():
        network(views)
    assert len(seen) > 5
    for name, activations in seen.items():
        norm = network.get_submodule(name)
        mean, variance = activations.mean((0, 2, 3)), activations.var((0, 2, 3))
        torch.testing.assert_close(norm.running_mean, mean, rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(norm.running_var, variance, rtol=1e-3, atol=1e-4)


@torch.no_grad()
def test_training_mode_then_computes_nearly_the_same(network, views):
    """The reason for all this: without it, the first step of training sees another network."""
    evaluated = network(views)
    folded = (copy.deepcopy(network).train()(views) - evaluated).abs().mean()
    unfold_norms(network.train(), views)
    assert network.training  # the mode is kept
    unfolded = (network(views) - evaluated).abs().mean()
    assert unfolded < folded / 20


@torch.no_grad()
def test_a_constant_channel_stays_finite(network, views):
    network.conv_stem.weight[0] = 0.0
    before = network(views)
    unfold_norms(network, views)
    torch.testing.assert_close(network(views), before, rtol=1e-4, atol=1e-4)


def test_no_hook_is_left(network, views):
    unfold_norms(network, views)
    assert not any(module._forward_pre_hooks for module in network.modules())
