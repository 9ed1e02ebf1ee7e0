"""Expected gradients on a linear model, where the exact values are known."""

import numpy as np
import torch
from torch import nn

from emotion.explainers.attribution import Sampling
from emotion.explainers.shap_gradient import explain_shap


class Linear(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 3, 8, 8))

    def forward(self, images):
        return torch.einsum("kchw,nchw->nk", self.weight, images)


def test_a_linear_model_gets_weight_times_difference_exactly():
    torch.manual_seed(0)
    model, images = Linear(), torch.randn(2, 3, 8, 8)
    background, targets = torch.randn(1, 3, 8, 8), torch.tensor([2, 0])
    result = explain_shap(model, images, targets, Sampling(background=background, shap_samples=2))
    with torch.no_grad():
        expected = (model.weight[targets] * (images - background)).sum(dim=1).numpy()
    expected /= np.abs(expected).max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(result.maps, expected, atol=1e-5)
    np.testing.assert_allclose(result.details["additivity_gap"], 0, atol=1e-5)


def test_the_gap_shows_that_the_samples_miss_part_of_the_background():
    torch.manual_seed(0)
    sampling = Sampling(background=torch.randn(8, 3, 8, 8), shap_samples=2)
    result = explain_shap(Linear(), torch.randn(1, 3, 8, 8), torch.tensor([0]), sampling)
    assert result.details["additivity_gap"] > 0.05
