"""Networks whose BatchNorms have random statistics, as after training, and a hostile object."""

import pytest
import torch
from torch import nn

from emotion.models.backbones import build_backbone, resolve_timm_name


@pytest.fixture
def make_trained():
    """A function: a backbone in evaluation mode, from a name of timm or a module."""

    def make(backbone):
        torch.manual_seed(0)
        if isinstance(backbone, str):
            backbone = build_backbone(resolve_timm_name(backbone))
        for norm in norms_of(backbone):
            nn.init.normal_(norm.running_mean)
            nn.init.uniform_(norm.running_var, 0.5, 2.0)
            nn.init.uniform_(norm.weight, -1.0, 1.5)
            nn.init.normal_(norm.bias)
        return backbone.eval()

    return make


def norms_of(network):
    return [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]


def images_of(count):
    return torch.randn(count, 3, 48, 48, generator=torch.Generator().manual_seed(1))


class Payload:
    """An object whose pickle prints when it is loaded."""

    def __reduce__(self):
        return (print, ("executed",))

    def __repr__(self):  # the name of a test must not have an address
        return "Payload"
