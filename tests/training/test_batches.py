"""The micro-batches of a batch together equal the batch, however it is split."""

import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image

from emotion.data.cache import CachedImages, CacheParams, open_images
from emotion.training.batches import load_epoch
from emotion.training.distributed import Processes
from emotion.training.loading import LabeledImages
from tests.conftest import preprocessing_of
from tests.training.conftest import QUICK

MIXED = {"use_mixup": True, "use_cutmix": True}


@pytest.fixture
def data():
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (21, 3, 36, 36), generator=generator, dtype=torch.uint8)
    labels = np.arange(21) % 3
    return LabeledImages(images=CachedImages(images), labels=labels, targets=torch.eye(3)[labels])


def load(data, processes=None, number=1, **changes):
    """The batches of an epoch."""
    params = dataclasses.replace(QUICK, **changes)
    processes, device = processes or Processes(), torch.device("cpu")
    return load_epoch(data, params, preprocessing_of(32), number, processes, device)


def epoch(data, processes=None, number=1, **changes):
    """Views and targets of each batch, its micro-batches joined."""
    for batch in load(data, processes, number, **changes):
        yield joined(batch)


def joined(batches):
    views, targets = zip(*batches, strict=True)
    return torch.cat(views), torch.cat(targets)


@pytest.mark.parametrize("mixing", [{}, MIXED], ids=["plain", "mixed"])
def test_accumulated_micro_batches_equal_one_larger_batch(data, mixing):
    whole = joined(epoch(data, batch_size=12, **mixing))
    parts = joined(epoch(data, batch_size=4, accumulate_steps=3, **mixing))
    for ours, expected in zip(parts, whole, strict=True):
        torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize("mixing", [{}, MIXED], ids=["plain", "mixed"])
def test_processes_share_each_batch_without_gaps_or_overlaps(data, mixing):
    for alone, first, second in zip(
        epoch(data, **mixing),
        epoch(data, Processes(0, 2), **mixing),
        epoch(data, Processes(1, 2), **mixing),
        strict=True,
    ):
        for whole, ours, theirs in zip(alone, first, second, strict=True):
            torch.testing.assert_close(ours, whole[0::2])
            torch.testing.assert_close(theirs, whole[1::2])


def test_mixing_is_off_in_the_last_epochs(data):
    settings = {"use_mixup": True, "epochs": 5, "mixup_off_epochs": 2}
    for number, mixed in ((3, True), (4, False), (5, False)):
        _, targets = joined(epoch(data, number=number, **settings))
        assert bool(((targets > 0) & (targets < 1)).any()) == mixed


@pytest.mark.parametrize("cache", ["auto", "off"])
def test_a_batch_read_twice_or_skipped_leaves_every_image_with_its_label(tmp_path, cache):
    """The color of an image is its label, so a shifted image would show."""
    paths = []
    for value in range(12):
        paths.append(str(tmp_path / f"{value}.png"))
        Image.new("L", (40, 40), 20 * value).save(paths[-1])
    labels = np.arange(12)
    data = LabeledImages(
        images=open_images(paths, preprocessing_of(32), CacheParams(cache=cache, workers=0)),
        labels=labels,
        targets=torch.eye(12)[labels],
    )
    batches = list(load(data, batch_size=4, accumulate_steps=1))
    for batch in (batches[2], batches[0], batches[0]):
        [(views, targets)] = batch
        again = joined(batch)
        assert torch.equal(views, again[0])
        assert torch.equal(targets, again[1])
        [images] = batch.images
        assert (images[:, 0, 5, 5] // 20).tolist() == targets.argmax(dim=1).tolist()
