"""The batches of an epoch: views, targets and mixing, as pure functions of (seed, epoch, rows).

A batch may be cut into parts, one a process and one a step of gradient accumulation. Every part
is what it would be in the whole batch: mixing pairs an image with any other of the batch, so a
part also makes the views of its partners.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from emotion.core.seeding import derive_seed
from emotion.data.mixing import Mix, draw_mix
from emotion.data.transforms import train_batch
from emotion.inference import InputSpec
from emotion.training.loading import LabeledImages
from emotion.training.params import TrainParams
from emotion.training.processes import Processes
from emotion.training.sampling import epoch_batches


@dataclass(frozen=True, kw_only=True)
class Batch:
    """The images behind one optimizer step."""

    targets: Tensor  # of the whole batch, (count, C), mixed, on the training device
    mix: Mix | None
    pieces: list["Piece"]  # this process's parts
    loaded: Iterator[Tensor]  # uint8 images of each piece in turn
    epoch: int
    params: TrainParams
    spec: InputSpec

    @property
    def count(self) -> int:
        """Images in the whole batch, on all processes."""
        return len(self.targets)

    def parts(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Views (n, 3, H, W) and targets (n, C) of each part."""
        device, spec = self.targets.device, self.spec
        for piece in self.pieces:
            images = next(self.loaded).to(device, non_blocking=True)
            views = train_batch(
                images,
                piece.keys,
                self.params.seed,
                self.epoch,
                spec.img_size,
                spec.mean,
                spec.std,
            )
            if self.mix is not None:
                views = self.mix.views(take(views, piece.own), take(views, piece.partners))
            targets = take(self.targets, piece.places)
            yield views.contiguous(memory_format=torch.channels_last), targets


@dataclass(frozen=True)
class Piece:
    """A part of a batch: which rows to load, and where its images and partners are among them."""

    rows: np.ndarray  # of the split, to load
    keys: np.ndarray  # what their augmentation is drawn from
    places: np.ndarray  # of the part's images in the whole batch
    own: np.ndarray  # their places among `rows`
    partners: np.ndarray  # their partners' places among `rows`


def plan_epoch(
    data: LabeledImages,
    params: TrainParams,
    spec: InputSpec,
    epoch: int,
    processes: Processes,
    device: torch.device,
) -> Iterator[Batch]:
    """The batches of an epoch, for this process."""
    plans = []
    size = params.batch_size * params.accumulate_steps
    order = epoch_batches(params.sampler, data.labels, size, params.seed, epoch)
    for number, (rows, keys) in enumerate(order):
        mix = _draw_mix(len(rows), params, spec, epoch, number)
        places = np.array_split(np.arange(len(rows)), params.accumulate_steps)
        parts = [part for part in map(processes.part, places) if len(part)]
        plans.append((rows, mix, [cut_piece(rows, keys, part, mix) for part in parts]))
    loaded = data.images.batches([piece.rows for *_, pieces in plans for piece in pieces])
    for rows, mix, pieces in plans:
        targets = data.targets[torch.from_numpy(rows)]
        yield Batch(
            targets=(mix.targets(targets) if mix else targets).to(device, non_blocking=True),
            mix=mix,
            pieces=pieces,
            loaded=loaded,
            epoch=epoch,
            params=params,
            spec=spec,
        )


def cut_piece(rows: np.ndarray, keys: np.ndarray, part: np.ndarray, mix: Mix | None) -> Piece:
    """The part of a batch at some places of it, with the partners that mixing needs."""
    if mix is None:
        here = np.arange(len(part))
        return Piece(rows[part], keys[part], part, here, here)
    partners = mix.partner[part]
    needed, where = np.unique(np.concatenate([part, partners]), return_inverse=True)
    own, others = np.split(where, 2)
    return Piece(rows[needed], keys[needed], part, own, others)


def take(values: Tensor, places: np.ndarray) -> Tensor:
    """Some rows of a tensor; indexing by an array would wait for a GPU."""
    return values.index_select(0, torch.from_numpy(places).to(values.device, non_blocking=True))


def _draw_mix(
    count: int, params: TrainParams, spec: InputSpec, epoch: int, number: int
) -> Mix | None:
    if epoch > params.epochs - params.mixup_off_epochs:
        return None
    return draw_mix(
        count,
        spec.img_size,
        np.random.default_rng(derive_seed(params.seed, epoch, number, "mix")),
        params.mixup_alpha if params.use_mixup else None,
        params.cutmix_alpha if params.use_cutmix else None,
    )
