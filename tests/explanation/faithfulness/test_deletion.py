"""Deletion and insertion on networks whose curves are known."""

import numpy as np
import pytest
import torch
from torch import nn

from emotion.explanation.faithfulness import deletion
from emotion.explanation.faithfulness.deletion import (
    SHARES,
    class_probabilities,
    delete_and_insert,
    rank_cells,
    score_endpoints,
)
from tests.explanation.faithfulness.conftest import LeftTexture


class Constant(nn.Module):
    def forward(self, images):
        return torch.tensor([[0.0, 1.0]]).expand(len(images), 2)


def half_map(left: bool) -> np.ndarray:
    values = np.zeros((1, 56, 56), dtype=np.float32)
    values[..., :28] = 1.0 if left else -1.0
    return values


TARGET = torch.tensor([1])
IMAGE = torch.randn(1, 3, 56, 56, generator=torch.Generator().manual_seed(0))


def curves(model, maps, images=IMAGE):
    targets = TARGET.expand(len(images))
    original = class_probabilities(model, images, targets)
    ends = score_endpoints(model, images, targets, original)
    return delete_and_insert(model, images, targets, maps, ends)


def test_the_relevant_region_lowers_deletion_and_raises_insertion():
    relevant = curves(LeftTexture(), half_map(left=True))
    irrelevant = curves(LeftTexture(), half_map(left=False))
    assert relevant.deletion + 0.1 < irrelevant.deletion
    assert relevant.insertion > irrelevant.insertion + 0.1


def test_both_areas_of_a_constant_model_are_its_probability():
    probability = np.exp(1) / (1 + np.exp(1))
    found = curves(Constant(), half_map(left=True))
    np.testing.assert_allclose(found, probability, rtol=1e-6)


def test_the_shares_of_the_image_are_blurred_and_sharpened():
    seen = []

    class Sharpness(nn.Module):
        """The probability of class 1 is the share of the image that is not blurred."""

        def forward(self, images):
            blurred = (images != IMAGE).any(dim=1).float().mean(dim=(1, 2))
            seen.append(blurred.item())
            return torch.stack([blurred, 1 - blurred], dim=1).log()

    found = curves(Sharpness(), half_map(left=True))
    inner = [share for share in SHARES[1:-1] for share in (share, 1 - share)]
    np.testing.assert_allclose(seen, [0, 1, *inner], atol=0.01)
    np.testing.assert_allclose(found, 0.5, atol=0.01)  # of straight lines


def test_the_area_is_that_of_a_fine_curve(monkeypatch):
    rng = np.random.default_rng(1)
    maps = [rng.random((1, 56, 56), dtype=np.float32) for _ in range(20)] + [half_map(left=True)]
    coarse = [curves(LeftTexture(), map_).deletion[0] for map_ in maps]
    monkeypatch.setattr(deletion, "SHARES", tuple(np.linspace(0, 1, 50)))
    fine = [curves(LeftTexture(), map_).deletion[0] for map_ in maps]
    assert np.corrcoef(coarse, fine)[0, 1] > 0.95


def test_cells_are_deleted_in_descending_order():
    rank = rank_cells(np.array([[[0.5, 2.0], [-1.0, 1.0]]]), grid=2)
    np.testing.assert_array_equal(rank, [[[0.5, 0.0], [0.75, 0.25]]])


def test_a_blank_map_is_no_better_than_chance():
    class TopTexture(LeftTexture):
        def forward(self, images):
            return super().forward(images.transpose(2, 3))

    # In raster order, ties would delete the upper half first: an unearned advantage here.
    blank = curves(TopTexture(), np.zeros((1, 56, 56), dtype=np.float32)).deletion
    rng = np.random.default_rng(0)
    chance = [curves(TopTexture(), rng.random((1, 56, 56))).deletion[0] for _ in range(20)]
    assert blank[0] == pytest.approx(np.mean(chance), abs=3 * np.std(chance))


def test_the_score_of_an_image_does_not_depend_on_the_others():
    both = torch.cat([torch.randn(1, 3, 56, 56), IMAGE])
    maps = np.concatenate([half_map(True), half_map(False)])
    together = curves(LeftTexture(), maps, both)
    np.testing.assert_allclose(together.deletion[1:], curves(LeftTexture(), maps[1:]).deletion)
