"""MixUp and CutMix blend pictures and targets by the same share, one of them a batch."""

import numpy as np
import pytest
import torch

from emotion.data.mixing import cutmix, mix_batch, mixup

PARTNER = torch.tensor([1, 2, 3, 0])


@pytest.fixture
def batch():
    """Picture i is filled with i; its target is class i."""
    return torch.arange(4.0).view(4, 1, 1, 1).expand(4, 3, 16, 16).clone(), torch.eye(4)


def test_mixup_blends_picture_and_target_by_one_share(batch):
    pictures, targets = mixup(*batch, PARTNER, 0.7, np.random.default_rng(0))
    assert pictures[0].unique().item() == pytest.approx(0.7 * 0 + 0.3 * 1)
    assert pictures[3].unique().item() == pytest.approx(0.7 * 3 + 0.3 * 0)
    torch.testing.assert_close(targets[1], torch.tensor([0, 0.7, 0.3, 0]))


@pytest.mark.parametrize("seed", range(5))
def test_cutmix_targets_follow_the_area_really_pasted(batch, seed):
    pictures, targets = cutmix(*batch, PARTNER, 0.6, np.random.default_rng(seed))
    pasted = (pictures[0, 0] == 1).float().mean()
    torch.testing.assert_close(
        targets[0], torch.stack([1 - pasted, pasted, pasted * 0, pasted * 0])
    )


def test_cutmix_leaves_its_input_alone(batch):
    before = batch[0].clone()
    cutmix(*batch, PARTNER, 0.5, np.random.default_rng(0))
    assert torch.equal(batch[0], before)


def test_with_both_on_each_batch_gets_exactly_one_of_them(batch):
    kinds = set()
    for seed in range(30):
        pictures, _ = mix_batch(*batch, np.random.default_rng(seed), 0.4, 1.0)
        whole = all(picture.unique().numel() == 1 for picture in pictures)
        fractional = bool((pictures % 1).any())
        assert not (fractional and not whole)  # blended everywhere and cut at once
        kinds.add("mixup" if fractional else "cutmix")
    assert kinds == {"mixup", "cutmix"}


def test_with_both_off_nothing_changes(batch):
    pictures, targets = mix_batch(*batch, np.random.default_rng(0), None, None)
    assert pictures is batch[0]
    assert targets is batch[1]
