"""ROAD: the imputation of the paper's reference code, and a network whose answer is known."""

import numpy as np
import pytest
import torch
from pytorch_grad_cam.metrics.road import NoisyLinearImputer
from torch import nn

import emotion.models  # noqa: F401, first: it prepares torchvision for pytorch_grad_cam
from emotion.explanation.faithfulness.road import impute, road


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_imputation_is_that_of_the_reference(share):
    rng = np.random.default_rng(0)
    image = rng.normal(size=(3, 20, 24)).astype(np.float32)
    missing = np.kron(rng.random((5, 6)) < share, np.ones((4, 4))).astype(bool)
    known = torch.from_numpy((~missing).astype(np.float32))
    reference = NoisyLinearImputer(noise=0.0)(torch.from_numpy(image), known)
    np.testing.assert_allclose(impute(image, missing), reference.numpy(), atol=1e-5)


def test_without_missing_pixels_the_image_stays():
    image = np.random.default_rng(0).normal(size=(3, 8, 8)).astype(np.float32)
    np.testing.assert_array_equal(impute(image, np.zeros((8, 8), dtype=bool)), image)


class LeftTexture(nn.Module):
    def forward(self, images):
        contrast = images[..., : images.shape[-1] // 2].std(dim=(1, 2, 3))
        return torch.stack([torch.zeros_like(contrast), 8 * contrast - 4], dim=1)


def test_the_relevant_half_scores_above_0_and_the_other_half_below():
    images = torch.randn(2, 3, 56, 56, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([1, 1])
    left = np.zeros((2, 56, 56), dtype=np.float32)
    left[..., :28] = 1
    assert (road(LeftTexture(), images, targets, left) > 0.05).all()
    assert (road(LeftTexture(), images, targets, -left) < -0.05).all()
