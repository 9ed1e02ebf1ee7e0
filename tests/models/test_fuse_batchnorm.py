"""Fused BatchNorm: the same function with fewer operations."""

import copy

import pytest
import torch
from torch import nn

from emotion.models.classifier import EmotionClassifier
from emotion.models.fuse_batchnorm import fuse_batchnorm
from tests.models.conftest import images_of, norms_of

SIZE = 48


@pytest.fixture
def network_of(make_trained):
    return lambda backbone: EmotionClassifier(make_trained(backbone), "linear", 3).eval()


class Branches(nn.Module):
    """The output of the convolution is used twice, by the norm and without it."""

    num_features = 4

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, images):
        found = self.conv(images)
        return (self.norm(found) + found).mean((2, 3))


@torch.no_grad()
@pytest.mark.parametrize("name", ["test_efficientnet", "test_resnet"])
def test_the_fused_network_computes_the_same_without_norms(network_of, name):
    network, images = network_of(name), images_of(4)
    fused = fuse_batchnorm(network, SIZE)
    assert len(norms_of(network)) > 5
    assert norms_of(fused) == []
    torch.testing.assert_close(fused(images), network(images), rtol=1e-4, atol=1e-4)
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.BatchNorm2d):
            fused.get_submodule(name)  # its name stays


def test_the_network_itself_is_not_changed(network_of):
    network = network_of("test_resnet").train()
    before = copy.deepcopy(network.state_dict())
    fuse_batchnorm(network, SIZE)
    assert network.training
    torch.testing.assert_close(network.state_dict(), before, rtol=0, atol=0)
    assert not any(module._forward_hooks for module in network.modules())


@torch.no_grad()
@pytest.mark.parametrize("backbone", [Branches(), "test_vit"], ids=["branches", "no norms"])
def test_a_network_that_cannot_be_fused_is_copied(network_of, backbone):
    network = network_of(backbone)
    copied = fuse_batchnorm(network, SIZE)
    assert copied is not network
    torch.testing.assert_close(copied.state_dict(), network.state_dict(), rtol=0, atol=0)
    torch.testing.assert_close(copied(images_of(2)), network(images_of(2)), rtol=0, atol=0)
