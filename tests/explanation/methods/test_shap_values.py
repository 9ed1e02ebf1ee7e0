"""SHAP values on models where the exact values are known."""

import numpy as np
import torch
from torch import nn

from emotion.explanation.methods.attribution import ExplainerOptions
from emotion.explanation.methods.shap_values import explain_shap


class Linear(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 3, 8, 8))

    def forward(self, images):
        return torch.einsum("kchw,nchw->nk", self.weight, images)


class Squared(Linear):
    """DeepExplainer takes the gradient at one end for the whole line, and misses the sum."""

    def forward(self, images):
        return super().forward(images).square()


class Residual(Linear):
    """DeepExplainer's hooks fail on an in-place addition."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)

    def forward(self, images):
        features = self.conv(images)
        features += images
        return super().forward(features)


def explain(model, background=4, samples=2):
    torch.manual_seed(0)
    images, targets = torch.randn(2, 3, 8, 8), torch.tensor([2, 0])
    options = ExplainerOptions(background=torch.randn(background, 3, 8, 8), shap_samples=samples)
    return explain_shap(model, images, targets, options), images, targets, options


def test_a_linear_model_gets_weight_times_difference_exactly():
    model = Linear()
    result, images, targets, options = explain(model)
    with torch.no_grad():
        mean = options.background.mean(dim=0)
        expected = (model.weight[targets] * (images - mean)).sum(dim=1).numpy()
    expected /= np.abs(expected).max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(result.maps, expected, atol=1e-5)
    np.testing.assert_allclose(result.details["additivity_gap"], 0, atol=1e-5)
    assert result.note == "DeepExplainer"


def test_the_other_explainer_is_used_where_values_do_not_add_up_or_it_fails():
    for model in (Squared(), Residual()):
        result, *_ = explain(model)
        assert result.note.startswith("GradientExplainer")


def test_the_gap_of_gradients_decreases_with_more_samples():
    few, *_ = explain(Squared(), samples=2)
    many, *_ = explain(Squared(), samples=600)
    assert few.details["additivity_gap"].max() > 0.2
    assert many.details["additivity_gap"].max() < 0.1
