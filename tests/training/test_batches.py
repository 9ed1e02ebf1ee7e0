"""An epoch visits its rows once, and micro-batches together equal the batch however it is split."""

import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image

from emotion.data.cache import CachedImages, CacheParams, open_images
from emotion.data.face import FaceImage
from emotion.training.batches import count_steps, epoch_batches, load_epoch
from emotion.training.distributed import ProcessGroup
from emotion.training.loading import LabeledImages
from tests.conftest import preprocessing_of
from tests.training.conftest import QUICK

MIXED = {"use_mixup": True, "use_cutmix": True}
LABELS = np.array([0] * 90 + [1] * 10)


@pytest.mark.parametrize(("rows", "sizes"), [(100, [25] * 4), (65, [21, 22, 22])])
def test_shuffle_visits_every_row_once_in_batches_of_nearly_equal_size(rows, sizes):
    """No batch has a single image, as the last of 65 rows would be in batches of 32."""
    batches = epoch_batches("shuffle", LABELS[:rows], 32, seed=1, epoch=1)
    assert sorted(np.concatenate([rows for rows, _ in batches])) == list(range(rows))
    assert sorted(len(rows) for rows, _ in batches) == sizes
    assert all((rows == keys).all() for rows, keys in batches)
    assert count_steps(rows, dataclasses.replace(QUICK, batch_size=32)) == len(sizes)


def test_the_order_depends_on_seed_and_epoch_only():
    def order(*seed_and_epoch):
        batches = epoch_batches("shuffle", LABELS, 32, *seed_and_epoch)
        return np.concatenate([rows for rows, _ in batches]).tolist()

    assert order(1, 1) == order(1, 1)
    assert order(1, 1) not in (order(1, 2), order(2, 1))


def test_the_weighted_sampler_balances_classes_and_repeats_with_other_keys():
    epochs = [epoch_batches("weighted", LABELS, 32, 1, epoch) for epoch in range(40)]
    rows = np.concatenate([rows for batches in epochs for rows, _ in batches])
    assert abs(LABELS[rows].mean() - 0.5) < 0.03
    for batches in epochs:
        keys = np.concatenate([keys for _, keys in batches])
        assert len(set(keys)) == len(keys)


@pytest.fixture
def data():
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (21, 3, 36, 36), generator=generator, dtype=torch.uint8)
    labels = np.arange(21) % 3
    return LabeledImages(images=CachedImages(images), labels=labels, targets=torch.eye(3)[labels])


def load(data, group=None, **changes):
    """The batches of an epoch."""
    params, device = dataclasses.replace(QUICK, **changes), torch.device("cpu")
    return load_epoch(data, params, preprocessing_of(32), 1, group or ProcessGroup(), device)


def joined(batches):
    """Views and targets of all micro-batches."""
    views, targets = zip(*batches, strict=True)
    return torch.cat(views), torch.cat(targets)


@pytest.mark.parametrize("mixing", [{}, MIXED], ids=["plain", "mixed"])
def test_accumulated_micro_batches_equal_one_larger_batch(data, mixing):
    whole = joined(map(joined, load(data, batch_size=12, **mixing)))
    parts = joined(map(joined, load(data, batch_size=4, accumulate_steps=3, **mixing)))
    for ours, expected in zip(parts, whole, strict=True):
        torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize("mixing", [{}, MIXED], ids=["plain", "mixed"])
def test_processes_share_each_batch_without_gaps_or_overlaps(data, mixing):
    for alone, first, second in zip(
        load(data, **mixing),
        load(data, ProcessGroup(0, 2), **mixing),
        load(data, ProcessGroup(1, 2), **mixing),
        strict=True,
    ):
        for whole, ours, theirs in zip(*map(joined, (alone, first, second)), strict=True):
            torch.testing.assert_close(ours, whole[0::2])
            torch.testing.assert_close(theirs, whole[1::2])


@pytest.mark.parametrize("cache", ["auto", "off"])
def test_a_batch_read_twice_or_skipped_leaves_every_image_with_its_label(tmp_path, cache):
    """The color of an image is its label, so a shifted image would show."""
    files = []
    for value in range(12):
        files.append(FaceImage(str(tmp_path / f"{value}.png")))
        Image.new("L", (40, 40), 20 * value).save(files[-1].path)
    labels = np.arange(12)
    data = LabeledImages(
        images=open_images(files, preprocessing_of(32), CacheParams(cache=cache, workers=0)),
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
