"""LIME on a model whose probability is linear in the visible texture."""

import numpy as np
import torch
from torch import nn

from emotion.explanation.methods.attribution import ExplainerOptions
from emotion.explanation.methods.lime_superpixels import explain_lime


class StripeProbability(nn.Module):
    """Class 1 has probability 0.1 + 0.8 x the share of visible texture in the right half."""

    def forward(self, images):
        right = images[..., images.shape[-1] // 2 :].var(dim=(1, 2, 3))
        probability = 0.1 + 0.8 * (right / 4).clamp(0, 1)
        return torch.stack([(1 - probability).log(), probability.log()], dim=1)


def explain(samples, target=1, model=None):
    image = torch.ones(1, 3, 48, 48)
    image[:, :, ::2, ::2] = -1
    image[:, :, 1::2, 1::2] = -1
    options = ExplainerOptions(background=torch.empty(0), lime_samples=samples)
    return explain_lime(model or StripeProbability(), image * 2, torch.tensor([target]), options)


def test_only_the_relevant_half_gets_weight():
    result = explain(samples=400)
    left, right = np.split(result.maps[0], 2, axis=1)
    assert right.mean() > 5 * abs(left.mean())
    assert result.details["r2"] > 0.8


class CornerProbability(nn.Module):
    """As above, for the texture of a corner of about five superpixels."""

    def forward(self, images):
        corner = images[..., :16, :16].var(dim=(1, 2, 3))
        probability = 0.1 + 0.8 * (corner / 4).clamp(0, 1)
        return torch.stack([(1 - probability).log(), probability.log()], dim=1)


def test_two_seeds_agree_where_few_superpixels_matter():
    few = explain(samples=400, model=CornerProbability()).details["seed_agreement"]
    many = explain(samples=400).details["seed_agreement"]
    assert few >= 3 / 7  # at least three of five
    assert many < 3 / 7


def test_the_other_class_gets_the_opposite_map():
    np.testing.assert_allclose(explain(100, target=0).maps, -explain(100).maps, atol=1e-4)


def test_the_map_is_constant_on_about_fifty_superpixels():
    values = np.unique(explain(samples=60).maps)
    assert 30 <= len(values) <= 70
