"""Faithfulness metrics against values computed by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from emotion.explainers.faithfulness import (
    _deletion_order,
    deletion_auc,
    evidence_shares,
    random_deletion_auc,
)


class LeftTexture(nn.Module):
    """The probability of class 1 increases with the contrast of the left half."""

    def forward(self, images):
        contrast = images[..., : images.shape[-1] // 2].std(dim=(1, 2, 3))
        return torch.stack([torch.zeros_like(contrast), 8 * contrast - 4], dim=1)


class Constant(nn.Module):
    def forward(self, images):
        return torch.tensor([[0.0, 1.0]]).expand(len(images), 2)


def half_map(left: bool) -> np.ndarray:
    values = np.zeros((1, 56, 56), dtype=np.float32)
    values[..., :28] = 1.0 if left else -1.0
    return values


TARGET = torch.tensor([1])
IMAGE = torch.randn(1, 3, 56, 56, generator=torch.Generator().manual_seed(0))


def test_evidence_share_counts_positive_attribution_only():
    maps = np.array([[[3.0, 1.0], [-9.0, 0.0]]])
    evidence = np.array([[[True, False], [True, False]]])
    share, area = evidence_shares(maps, evidence)
    assert share == [0.75]
    assert area == [0.5]


def test_evidence_share_is_undefined_without_evidence_or_attribution():
    maps = np.array([[[1.0, 1.0]], [[0.0, -1.0]]])
    evidence = np.array([[[False, False]], [[True, False]]])
    share, area = evidence_shares(maps, evidence)
    assert np.isnan(share).all()
    assert np.isnan(area).all()


def test_the_evidence_share_of_a_uniform_map_is_the_area():
    evidence = np.random.default_rng(0).random((3, 8, 8)) < 0.3
    share, area = evidence_shares(np.ones((3, 8, 8)), evidence)
    np.testing.assert_allclose(share, area)


def test_deletion_auc_is_lower_for_a_map_of_the_relevant_region():
    relevant = deletion_auc(LeftTexture(), IMAGE, TARGET, half_map(left=True))
    irrelevant = deletion_auc(LeftTexture(), IMAGE, TARGET, half_map(left=False))
    chance = random_deletion_auc(LeftTexture(), IMAGE, TARGET)
    assert relevant + 0.1 < chance < irrelevant - 0.1


def test_deletion_auc_of_a_constant_model_is_its_probability():
    probability = np.exp(1) / (1 + np.exp(1))
    auc = deletion_auc(Constant(), IMAGE, TARGET, half_map(left=True))
    np.testing.assert_allclose(auc, probability, rtol=1e-6)


def test_deletion_starts_with_the_image_and_ends_with_a_fully_blurred_one():
    seen = []

    class Watcher(Constant):
        def forward(self, images):
            seen.append((images != IMAGE).any(dim=1).float().mean().item())
            return super().forward(images)

    deletion_auc(Watcher(), IMAGE, TARGET, half_map(left=True))
    np.testing.assert_allclose(seen, np.linspace(0, 1, 11), atol=0.01)


def test_cells_are_deleted_in_descending_order():
    rank = _deletion_order(np.array([[[0.5, 2.0], [-1.0, 1.0]]]), grid=2)
    np.testing.assert_array_equal(rank, [[[0.5, 0.0], [0.75, 0.25]]])


def test_a_blank_map_is_no_better_than_chance():
    class TopTexture(LeftTexture):
        def forward(self, images):
            return super().forward(images.transpose(2, 3))

    # In raster order, ties would delete the upper half first: an unearned advantage here.
    blank = np.zeros((1, 56, 56), dtype=np.float32)
    auc = deletion_auc(TopTexture(), IMAGE, TARGET, blank)
    assert auc == pytest.approx(random_deletion_auc(TopTexture(), IMAGE, TARGET), abs=0.1)


def test_the_random_baseline_of_an_image_does_not_depend_on_the_others():
    other = torch.randn(1, 3, 56, 56)
    both = random_deletion_auc(LeftTexture(), torch.cat([other, IMAGE]), torch.tensor([1, 1]))
    alone = random_deletion_auc(LeftTexture(), IMAGE, TARGET)
    np.testing.assert_allclose(both[1:], alone, rtol=1e-6)
