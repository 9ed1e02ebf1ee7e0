"""ROAD: the imputation of the paper's reference code, and a network whose evidence is known."""

import numpy as np
import pytest
import torch
from pytorch_grad_cam.metrics.road import NoisyLinearImputer

import emotion.models  # noqa: F401, first: it prepares torchvision for pytorch_grad_cam
from emotion.explanation.faithfulness.road import impute, road
from tests.explanation.faithfulness.conftest import LeftTexture


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_the_imputation_is_that_of_the_reference(share):
    rng = np.random.default_rng(0)
    image = rng.normal(size=(3, 20, 24)).astype(np.float32)
    missing = np.kron(rng.random((5, 6)) < share, np.ones((4, 4))).astype(bool)
    known = torch.from_numpy((~missing).astype(np.float32))
    reference = NoisyLinearImputer(noise=0.0)(torch.from_numpy(image), known)
    np.testing.assert_allclose(impute(image, missing), reference.numpy(), atol=1e-5)


def test_the_relevant_half_scores_above_0_and_the_other_half_below():
    images = torch.randn(2, 3, 56, 56, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([1, 1])
    left = np.zeros((2, 56, 56), dtype=np.float32)
    left[..., :28] = 1
    assert (road(LeftTexture(), images, targets, left) > 0.05).all()
    assert (road(LeftTexture(), images, targets, -left) < -0.05).all()
