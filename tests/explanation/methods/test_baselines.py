"""Maps that do not depend on the prediction: a random one, and a center prior."""

import numpy as np
import torch

from emotion.explanation.methods.baselines import explain_at_random, explain_center
from tests.explanation.methods.conftest import DEFAULT

IMAGES = torch.randn(3, 3, 42, 56, generator=torch.Generator().manual_seed(0))
TARGETS = torch.zeros(3, dtype=torch.long)


def test_a_random_map_is_another_for_each_image_and_the_same_again():
    maps = explain_at_random(None, IMAGES, TARGETS, DEFAULT).maps
    assert abs(np.corrcoef(maps[0].ravel(), maps[1].ravel())[0, 1]) < 0.5
    alone = explain_at_random(None, IMAGES[1:2], TARGETS[:1], DEFAULT).maps
    np.testing.assert_array_equal(alone[0], maps[1])


def test_the_center_prior_is_symmetric_and_strongest_in_the_center():
    maps = explain_center(None, IMAGES, TARGETS, DEFAULT).maps
    assert maps.shape == (3, 42, 56)
    np.testing.assert_allclose(maps[0], maps[0][::-1, ::-1], atol=1e-6)
    assert maps[0, 20:22, 27:29].min() > 0.99
    assert maps[0, 0, 0] < 0.05
