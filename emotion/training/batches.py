"""The batches of an epoch: order of the rows, views, targets and mixing.

All are pure functions of (seed, epoch, rows). A batch is split into micro-batches, one per process
and per step of gradient accumulation. Each is exactly what it would be within the whole batch:
mixing pairs an image with any other of the batch, so a micro-batch also loads and augments the
partners of its images.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from emotion.core.seeding import derive_seed
from emotion.data.mixing import Mix, sample_mix
from emotion.data.preprocessing import Preprocessing
from emotion.data.transforms import augment_batch
from emotion.training.distributed import ProcessGroup
from emotion.training.loading import LabeledImages
from emotion.training.params import TrainParams


@dataclass(frozen=True)
class MicroBatch:
    """The n images of one forward pass, and the m rows to load for them, with mixing partners.

    All arrays are int64.
    """

    rows: np.ndarray  # (m,), of the split
    keys: np.ndarray  # (m,), seeds of their augmentation
    indices: np.ndarray  # (n,), positions of the images in the whole batch
    images: np.ndarray  # (n,), positions of the images in `rows`
    partners: np.ndarray  # (n,), positions of their partners in `rows`; `images` without mixing


@dataclass(frozen=True, kw_only=True)
class Batch:
    """The images of one optimizer step, loaded; it can be iterated more than once."""

    targets: Tensor  # of the whole batch, float32 (N, C), mixed, on the training device
    micro_batches: list[MicroBatch]  # of this process
    images: list[Tensor]  # uint8 (m, 3 or 1, S, S), of the rows of each micro-batch
    mix: Mix | None
    epoch: int
    params: TrainParams
    preprocessing: Preprocessing

    def __len__(self) -> int:
        """Micro-batches of this process."""
        return len(self.micro_batches)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Views and targets of each micro-batch: float32 (n, 3, H, W) and (n, C)."""
        for part, loaded in zip(self.micro_batches, self.images, strict=True):
            images = loaded.to(self.targets.device, non_blocking=True)
            seed, augment = self.params.seed, self.params.augment
            views = augment_batch(images, part.keys, seed, self.epoch, self.preprocessing, augment)
            if self.mix is not None:
                views = self.mix.views(select(views, part.images), select(views, part.partners))
            targets = select(self.targets, part.indices)
            yield views.contiguous(memory_format=torch.channels_last), targets


def load_epoch(
    data: LabeledImages,
    params: TrainParams,
    preprocessing: Preprocessing,
    epoch: int,
    group: ProcessGroup,
    device: torch.device,
) -> Iterator[Batch]:
    """The batches of an epoch, loaded one at a time.

    Args:
        data: the training split.
        params: the recipe.
        preprocessing: of the network.
        epoch: from 1.
        group: decides which images of each batch are loaded.
        device: of the targets and views.
    """
    plans = []
    mixup = params.mixup_alpha if params.use_mixup else None
    cutmix = params.cutmix_alpha if params.use_cutmix else None
    size = params.batch_size * params.accumulate_steps
    order = epoch_batches(params.sampler, data.labels, size, params.seed, epoch)
    for number, (rows, keys) in enumerate(order):
        rng = np.random.default_rng(derive_seed(params.seed, epoch, number, "mix"))
        mix = sample_mix(len(rows), params.img_size, rng, mixup, cutmix)
        parts = np.array_split(np.arange(len(rows)), params.accumulate_steps)
        shards = [shard for shard in map(group.shard, parts) if len(shard)]
        plans.append((rows, mix, [split_batch(rows, keys, shard, mix) for shard in shards]))
    # One stream for the epoch, so that worker processes decode ahead of the training loop.
    stream = data.images.batches([part.rows for *_, split in plans for part in split])
    for rows, mix, micro_batches in plans:
        targets = data.targets[torch.from_numpy(rows)]
        yield Batch(
            targets=(mix.targets(targets) if mix else targets).to(device, non_blocking=True),
            micro_batches=micro_batches,
            images=[next(stream) for _ in micro_batches],
            mix=mix,
            epoch=epoch,
            params=params,
            preprocessing=preprocessing,
        )


def count_steps(rows: int, params: TrainParams) -> int:
    """Optimizer steps per epoch, which are the batches of `epoch_batches`."""
    return -(-rows // (params.batch_size * params.accumulate_steps))


def epoch_batches(
    sampler: str, labels: np.ndarray, batch_size: int, seed: int, epoch: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """The epoch's batches as (rows, augmentation keys).

    Batch sizes differ by at most one, so no row is dropped and no batch has a single image, which
    BatchNorm could not normalize.

    Args:
        sampler: `shuffle` visits each row once; `weighted` draws rows with replacement so that
            all classes are equally frequent.
        labels: class index of each row, int64 (N,).
        batch_size: at most this many rows per batch.
        seed: the run's seed.
        epoch: from 1.

    Returns:
        Per batch its rows and, per row, the key that seeds its augmentation: the row itself, or a
        number from N on for its second and later visits in this epoch. Both are int64 (n,).
    """
    rng = np.random.default_rng(derive_seed(seed, epoch, "order"))
    count = len(labels)
    if sampler == "weighted":
        share = 1 / np.bincount(labels)[labels]
        rows = rng.choice(count, size=count, p=share / share.sum())
    else:
        rows = rng.permutation(count)
    visits = pd.Series(rows).groupby(rows).cumcount().to_numpy()
    keys = rows + count * visits
    batches = -(-count // batch_size)
    return list(zip(np.array_split(rows, batches), np.array_split(keys, batches), strict=True))


def split_batch(
    rows: np.ndarray, keys: np.ndarray, indices: np.ndarray, mix: Mix | None
) -> MicroBatch:
    """The micro-batch of some images of a batch, with the partners that mixing needs.

    Args:
        rows: of the split, one per image of the batch, int64 (N,).
        keys: seeds of their augmentation, int64 (N,).
        indices: positions in the batch of the images of the micro-batch, int64 (n,).
        mix: of the whole batch, with a partner for each of its N images; None for no mixing.

    Returns:
        A micro-batch that loads each row once, n to 2n rows.
    """
    if mix is None:
        here = np.arange(len(indices))
        return MicroBatch(rows[indices], keys[indices], indices, here, here)
    both = np.concatenate([indices, mix.partner[indices]])
    needed, positions = np.unique(both, return_inverse=True)
    images, partners = np.split(positions, 2)
    return MicroBatch(rows[needed], keys[needed], indices, images, partners)


def select(values: Tensor, indices: np.ndarray) -> Tensor:
    """Some rows of a tensor; indexing by an array would synchronize with a GPU.

    Args:
        values: (N, ...), of any dtype, on any device.
        indices: int64 (n,), in 0..N-1.

    Returns:
        (n, ...), a copy on the same device.
    """
    return values.index_select(0, torch.from_numpy(indices).to(values.device, non_blocking=True))
