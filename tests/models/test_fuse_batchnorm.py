"""Folded norms: the same network with fewer operations."""

import copy

import pytest
import torch
from torch import nn

from emotion.models.backbones import build_backbone, resolve_timm_name
from emotion.models.classifier import EmotionClassifier
from emotion.models.fuse_batchnorm import fold_norms

SIZE = 48


def network_of(backbone):
    """A network with any statistics, weights and biases in its norms."""
    torch.manual_seed(0)
    for module in backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
    return EmotionClassifier(backbone, "linear", 3)


def norms_of(network):
    return [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]


def images_of(count):
    return torch.randn(count, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))


class Branches(nn.Module):
    """The output of the convolution is used a second time, beside the norm."""

    num_features = 4

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, images):
        found = self.conv(images)
        return (self.norm(found) + found).mean((2, 3))


@torch.no_grad()
@pytest.mark.parametrize("name", ["test_efficientnet", "test_resnet"])
def test_the_folded_network_computes_the_same_without_norms(name):
    network = network_of(build_backbone(resolve_timm_name(name))).eval()
    folded = fold_norms(network, SIZE)
    assert len(norms_of(network)) > 5
    assert norms_of(folded) == []
    torch.testing.assert_close(folded(images_of(4)), network(images_of(4)), rtol=1e-4, atol=1e-4)


def test_the_network_itself_is_not_changed():
    network = network_of(build_backbone(resolve_timm_name("test_resnet"))).train()
    before = copy.deepcopy(network.state_dict())
    fold_norms(network, SIZE)
    assert network.training
    torch.testing.assert_close(network.state_dict(), before, rtol=0, atol=0)
    assert not any(module._forward_hooks for module in network.modules())


def test_names_of_modules_stay():
    network = network_of(build_backbone(resolve_timm_name("test_resnet")))
    names = {name for name, _ in network.named_modules()}
    assert names <= {name for name, _ in fold_norms(network, SIZE).named_modules()}


@torch.no_grad()
def test_a_network_that_would_compute_something_else_is_not_folded():
    network = network_of(Branches()).eval()
    same = fold_norms(network, SIZE)
    torch.testing.assert_close(same(images_of(2)), network(images_of(2)), rtol=0, atol=0)
    assert len(norms_of(same)) == 1


def test_a_network_without_batch_norm_is_copied():
    network = network_of(build_backbone(resolve_timm_name("test_vit"))).eval()
    copied = fold_norms(network, SIZE)
    assert copied is not network
    torch.testing.assert_close(copied.state_dict(), network.state_dict(), rtol=0, atol=0)
