"""Integrated gradients on models where the integral is known."""

import numpy as np
import torch
from torch import nn

from emotion.explanation.methods.integrated_gradients import explain_integrated_gradients
from tests.explanation.methods.conftest import DEFAULT


class LeftEnergy(nn.Module):
    """The logit of class 1 is the energy of the left half."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, images):
        energy = self.scale * images[..., : images.shape[-1] // 2].square().sum(dim=(1, 2, 3))
        return torch.stack([-energy, energy], dim=1)


def test_what_the_blur_takes_away_is_attributed_and_the_sum_is_exact():
    images = torch.randn(2, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    result = explain_integrated_gradients(LeftEnergy(), images, torch.tensor([1, 1]), DEFAULT)
    # The quadrature is exact for a polynomial.
    np.testing.assert_allclose(result.details["additivity_gap"], 0, atol=1e-4)
    assert result.maps[..., :18].sum() > 50 * abs(result.maps[..., 22:].sum())


def test_the_other_class_gets_the_opposite_map():
    images = torch.randn(1, 3, 40, 40)
    maps = [
        explain_integrated_gradients(LeftEnergy(), images, torch.tensor([index]), DEFAULT).maps
        for index in (0, 1)
    ]
    np.testing.assert_allclose(maps[0], -maps[1], atol=1e-5)
