"""However a batch is cut, its parts are those of the whole."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from emotion.data.cache import CachedImages
from emotion.training.batches import plan_epoch
from emotion.training.loading import LabeledImages
from emotion.training.processes import Processes
from tests.training.conftest import QUICK

SPEC = SimpleNamespace(img_size=32, mean=[0.5] * 3, std=[0.5] * 3)
MIXED = {"use_mixup": True, "use_cutmix": True}


@pytest.fixture
def data():
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (21, 3, 36, 36), generator=generator, dtype=torch.uint8)
    labels = np.arange(21) % 3
    return LabeledImages(images=CachedImages(images), labels=labels, targets=torch.eye(3)[labels])


def epoch(data, processes=None, number=1, **changes):
    """Views and targets of each batch, its parts joined."""
    params = dataclasses.replace(QUICK, **changes)
    batches = plan_epoch(data, params, SPEC, number, processes or Processes(), torch.device("cpu"))
    for batch in batches:
        views, targets = zip(*batch.parts(), strict=True)
        yield torch.cat(views), torch.cat(targets)


def joined(batches):
    views, targets = zip(*batches, strict=True)
    return torch.cat(views), torch.cat(targets)


@pytest.mark.parametrize("mixing", [{}, MIXED], ids=["plain", "mixed"])
def test_accumulated_parts_are_the_larger_batch(data, mixing):
    whole = joined(epoch(data, batch_size=12, **mixing))
    parts = joined(epoch(data, batch_size=4, accumulate_steps=3, **mixing))
    for ours, expected in zip(parts, whole, strict=True):
        torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize("mixing", [{}, MIXED], ids=["plain", "mixed"])
def test_the_processes_share_each_batch_without_gap_or_overlap(data, mixing):
    for alone, first, second in zip(
        epoch(data, **mixing),
        epoch(data, Processes(0, 2), **mixing),
        epoch(data, Processes(1, 2), **mixing),
        strict=True,
    ):
        for whole, ours, theirs in zip(alone, first, second, strict=True):
            torch.testing.assert_close(ours, whole[0::2])
            torch.testing.assert_close(theirs, whole[1::2])


def test_mixing_stops_for_the_last_epochs(data):
    settings = {"use_mixup": True, "epochs": 5, "mixup_off_epochs": 2}
    for number, mixed in ((3, True), (4, False), (5, False)):
        _, targets = joined(epoch(data, number=number, **settings))
        assert bool(((targets > 0) & (targets < 1)).any()) == mixed
