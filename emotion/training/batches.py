"""The batches of an epoch: rows, views, targets and mixing, as functions of (seed, epoch, rows).

A batch is split into micro-batches, one per process and per step of gradient accumulation. Each is
exactly what it would be within the whole batch: mixing pairs an image with any other of the batch,
so a micro-batch also loads and augments the partners of its images.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from emotion.core.seeding import derive_seed
from emotion.data.mixing import Mix, sample_mix
from emotion.data.preprocessing import Preprocessing
from emotion.data.transforms import AugmentParams, augment_batch
from emotion.training.distributed import Processes
from emotion.training.loading import LabeledImages
from emotion.training.params import TrainParams
from emotion.training.sampling import epoch_batches


@dataclass(frozen=True)
class MicroBatch:
    """The rows of one forward pass: which to load, and where its images and partners are."""

    rows: np.ndarray  # of the split, to load: own images and mixing partners
    keys: np.ndarray  # seeds of their augmentation
    indices: np.ndarray  # of the own images in the whole batch
    own: np.ndarray  # positions of the own images in `rows`
    partners: np.ndarray  # positions of their partners in `rows`


@dataclass(frozen=True, kw_only=True)
class Batch:
    """The images of one optimizer step. It holds what it loaded: reading it twice is harmless."""

    targets: Tensor  # of the whole batch, (N, C), mixed, on the training device
    micro_batches: list[MicroBatch]  # of this process
    images: list[Tensor]  # uint8 (n, 3 or 1, S, S), of the rows of each micro-batch
    mix: Mix | None
    seed: int
    epoch: int
    preprocessing: Preprocessing
    augment: AugmentParams

    def __len__(self) -> int:
        """Micro-batches of this process."""
        return len(self.micro_batches)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Views (n, 3, H, W) and targets (n, C) of each micro-batch."""
        for part, loaded in zip(self.micro_batches, self.images, strict=True):
            images = loaded.to(self.targets.device, non_blocking=True)
            views = augment_batch(
                images, part.keys, self.seed, self.epoch, self.preprocessing, self.augment
            )
            if self.mix is not None:
                views = self.mix.views(select(views, part.own), select(views, part.partners))
            targets = select(self.targets, part.indices)
            yield views.contiguous(memory_format=torch.channels_last), targets


def load_epoch(
    data: LabeledImages,
    params: TrainParams,
    preprocessing: Preprocessing,
    epoch: int,
    processes: Processes,
    device: torch.device,
) -> Iterator[Batch]:
    """The batches of an epoch, for this process."""
    plans = []
    size = params.batch_size * params.accumulate_steps
    order = epoch_batches(params.sampler, data.labels, size, params.seed, epoch)
    for number, (rows, keys) in enumerate(order):
        mix = _sample_mix(len(rows), params, epoch, number)
        shares = map(processes.share, np.array_split(np.arange(len(rows)), params.accumulate_steps))
        plans.append((rows, mix, [split_batch(rows, keys, s, mix) for s in shares if len(s)]))
    # One stream for the epoch, so that worker processes decode ahead of the training loop.
    stream = data.images.batches([part.rows for *_, parts in plans for part in parts])
    for rows, mix, parts in plans:
        targets = data.targets[torch.from_numpy(rows)]
        yield Batch(
            targets=(mix.targets(targets) if mix else targets).to(device, non_blocking=True),
            micro_batches=parts,
            images=[next(stream) for _ in parts],
            mix=mix,
            seed=params.seed,
            epoch=epoch,
            preprocessing=preprocessing,
            augment=params.augment,
        )


def split_batch(
    rows: np.ndarray, keys: np.ndarray, indices: np.ndarray, mix: Mix | None
) -> MicroBatch:
    """The micro-batch of some indices of a batch, with the partners that mixing needs."""
    if mix is None:
        here = np.arange(len(indices))
        return MicroBatch(rows[indices], keys[indices], indices, here, here)
    partners = mix.partner[indices]
    needed, positions = np.unique(np.concatenate([indices, partners]), return_inverse=True)
    own, others = np.split(positions, 2)
    return MicroBatch(rows[needed], keys[needed], indices, own, others)


def select(values: Tensor, indices: np.ndarray) -> Tensor:
    """Some rows of a tensor; indexing by an array would synchronize with a GPU."""
    return values.index_select(0, torch.from_numpy(indices).to(values.device, non_blocking=True))


def _sample_mix(count: int, params: TrainParams, epoch: int, number: int) -> Mix | None:
    if epoch > params.epochs - params.mixup_off_epochs:
        return None
    return sample_mix(
        count,
        params.img_size,
        np.random.default_rng(derive_seed(params.seed, epoch, number, "mix")),
        params.mixup_alpha if params.use_mixup else None,
        params.cutmix_alpha if params.use_cutmix else None,
    )
