"""MixUp and CutMix mix images and targets by the same share, one of the two per batch."""

import numpy as np
import pytest
import torch

from emotion.data.mixing import Mix, sample_mix

PARTNER = np.array([1, 2, 3, 0])


@pytest.fixture
def batch():
    """Image i is filled with i; its target is class i."""
    return torch.arange(4.0).view(4, 1, 1, 1).expand(4, 3, 16, 16).clone(), torch.eye(4)


def apply_mix(mix, images, targets):
    return mix.views(images, images[torch.from_numpy(mix.partner)]), mix.targets(targets)


def test_mixup_mixes_image_and_target_by_the_same_share(batch):
    images, targets = apply_mix(Mix(PARTNER, 0.7, None), *batch)
    assert images[0].unique().item() == pytest.approx(0.7 * 0 + 0.3 * 1)
    assert images[3].unique().item() == pytest.approx(0.7 * 3 + 0.3 * 0)
    torch.testing.assert_close(targets[1], torch.tensor([0, 0.7, 0.3, 0]))


@pytest.mark.parametrize("seed", range(5))
def test_cutmix_targets_follow_the_area_that_was_pasted(batch, seed):
    mix = sample_mix(4, 16, np.random.default_rng(seed), None, 1.0)
    images, targets = apply_mix(mix, *batch)
    partner = int(mix.partner[0])
    pasted = (images[0, 0] == partner).float().mean() if partner else torch.tensor(0.0)
    assert targets[0, partner] == pytest.approx(float(pasted) if partner else 1.0, abs=1e-6)


def test_cutmix_does_not_change_its_input(batch):
    before = batch[0].clone()
    apply_mix(Mix(PARTNER, 0.5, (slice(0, 8), slice(0, 16))), *batch)
    assert torch.equal(batch[0], before)


def test_with_both_on_each_batch_gets_exactly_one_of_the_two():
    mixes = [sample_mix(4, 16, np.random.default_rng(seed), 0.4, 1.0) for seed in range(40)]
    cutmix = sum(mix.box is not None for mix in mixes)
    assert 10 <= cutmix <= 30


def test_with_both_off_there_is_no_mix():
    assert sample_mix(4, 16, np.random.default_rng(0), None, None) is None


def test_partners_are_a_permutation():
    mix = sample_mix(9, 16, np.random.default_rng(0), 0.4, None)
    assert sorted(mix.partner) == list(range(9))
