"""Scores of maps against values worked out by hand."""

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
    """Class 1 is likely while the left half has contrast."""

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


def test_a_uniform_map_scores_the_area():
    evidence = np.random.default_rng(0).random((3, 8, 8)) < 0.3
    share, area = evidence_shares(np.ones((3, 8, 8)), evidence)
    np.testing.assert_allclose(share, area)


def test_deletion_rewards_the_map_that_points_at_the_cause():
    right_place = deletion_auc(LeftTexture(), IMAGE, TARGET, half_map(left=True))
    wrong_place = deletion_auc(LeftTexture(), IMAGE, TARGET, half_map(left=False))
    chance = random_deletion_auc(LeftTexture(), IMAGE, TARGET)
    assert right_place + 0.1 < chance < wrong_place - 0.1


def test_a_model_that_does_not_look_scores_its_probability():
    probability = np.exp(1) / (1 + np.exp(1))
    auc = deletion_auc(Constant(), IMAGE, TARGET, half_map(left=True))
    np.testing.assert_allclose(auc, probability, rtol=1e-6)


def test_deletion_starts_at_the_image_and_ends_with_all_of_it_blurred():
    seen = []

    class Watcher(Constant):
        def forward(self, images):
            seen.append((images != IMAGE).any(dim=1).float().mean().item())
            return super().forward(images)

    deletion_auc(Watcher(), IMAGE, TARGET, half_map(left=True))
    np.testing.assert_allclose(seen, np.linspace(0, 1, 11), atol=0.01)


def test_cells_are_deleted_from_the_highest_down():
    rank = _deletion_order(np.array([[[0.5, 2.0], [-1.0, 1.0]]]), grid=2)
    np.testing.assert_array_equal(rank, [[[0.5, 0.0], [0.75, 0.25]]])


def test_a_blank_map_is_no_better_than_chance():
    class TopTexture(LeftTexture):
        def forward(self, images):
            return super().forward(images.transpose(2, 3))

    # Ties in raster order would delete the upper half first: an advantage nobody earned.
    blank = np.zeros((1, 56, 56), dtype=np.float32)
    auc = deletion_auc(TopTexture(), IMAGE, TARGET, blank)
    assert auc == pytest.approx(random_deletion_auc(TopTexture(), IMAGE, TARGET), abs=0.1)


def test_the_random_baseline_of_an_image_does_not_depend_on_the_others():
    other = torch.randn(1, 3, 56, 56)
    both = random_deletion_auc(LeftTexture(), torch.cat([other, IMAGE]), torch.tensor([1, 1]))
    alone = random_deletion_auc(LeftTexture(), IMAGE, TARGET)
    np.testing.assert_allclose(both[1:], alone, rtol=1e-6)
