"""Prepare a training run: everything that is fixed before the first epoch.

In this order: random seeds and determinism, initial network, data, class weights and loss, and the
fingerprint by which an interrupted run is recognized.
"""

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from emotion.core.errors import UserError
from emotion.core.reports import PretrainedSource
from emotion.core.seeding import derive_seed
from emotion.data.batches import load_batches
from emotion.data.crop_params import CropParams
from emotion.data.manifest import hash_images
from emotion.data.preprocessing import Preprocessing
from emotion.models.classifier import EmotionClassifier
from emotion.models.recover_batchnorm import recover_batchnorm
from emotion.models.sources.own_checkpoints import TEACHER_FILE, load_own_checkpoint
from emotion.models.sources.pretrained import load_initial_model
from emotion.training.amp import Precision, choose_precision
from emotion.training.batches import count_steps
from emotion.training.distributed import ProcessGroup
from emotion.training.loading import LabeledImages, load_split
from emotion.training.objective import Objective, build_objective
from emotion.training.params import TrainParams
from emotion.training.state import compute_fingerprint

NORM_IMAGES = 256  # on which BatchNorm statistics are measured


@dataclass(frozen=True, kw_only=True)
class RunPaths:
    """Where a run reads its initial weights, and where it writes."""

    weights: Path  # folder of the stage `pretrained_weights`, with the teacher, if any
    log: Path  # folder of dvclive; emptied first
    timing: Path  # JSON file for the times of the run
    state: Path  # folder for the state of an interrupted run, which is resumed
    params_file: Path | None = None  # params.yaml, for a tracker; None: it gets `train` alone


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run before its first epoch."""

    params: TrainParams
    group: ProcessGroup
    class_names: list[str]  # in the order of the logits
    model: EmotionClassifier  # with the initial weights, on the training device
    source: PretrainedSource  # of the initial weights
    preprocessing: Preprocessing
    precision: Precision
    train_set: LabeledImages
    val_set: LabeledImages
    objective: Objective
    fingerprint: dict[str, str]  # of `compute_fingerprint`
    data_hash: str  # manifest.hash_images of both splits
    synthetic_fraction: float  # of the training rows


def prepare_run(
    train_rows: pd.DataFrame,
    val_rows: pd.DataFrame,
    label_map: dict[str, int],
    class_weights: dict[str, float],
    weights_folder: Path,
    params: TrainParams,
    group: ProcessGroup,
    crop: CropParams,
) -> Run:
    """Load what a run needs; arguments and errors as in `fit`."""
    check_batches(len(train_rows), params, group)
    seed_everything(params.seed, params.deterministic)
    class_names = list(label_map)
    model, preprocessing, source = load_initial_model(
        weights_folder, params.img_size, params.head, len(class_names), params.grayscale
    )
    preprocessing = crop.of_network(preprocessing)
    precision = choose_precision(params.amp, source.architecture, group.device)
    train_set, val_set = (
        load_split(rows, label_map, preprocessing, params, desc if group.is_main else "")
        for desc, rows in (("decode train", train_rows), ("decode val", val_rows))
    )
    complete_weights(model, source, train_set, preprocessing)
    weighted = params.use_class_weights
    weights = {name: class_weights[name] if weighted else 1.0 for name in class_names}
    machine = f"{precision}, processes: {group.world_size}"
    teacher = load_own_checkpoint(weights_folder, TEACHER_FILE, class_names, crop)
    return Run(
        params=params,
        group=group,
        class_names=class_names,
        model=model.to_device(group.device),
        source=source,
        preprocessing=preprocessing,
        precision=precision,
        train_set=train_set,
        val_set=val_set,
        objective=build_objective(
            params, weights, train_set.labels, teacher, preprocessing, group.device
        ),
        fingerprint=compute_fingerprint(
            dataclasses.asdict(params) | dataclasses.asdict(crop),
            [train_rows, val_rows],
            weights_folder,
            weights,
            machine,
        ),
        data_hash=hash_images(train_rows, val_rows),
        synthetic_fraction=float(train_rows["synthetic"].mean()),
    )


def check_batches(rows: int, params: TrainParams, group: ProcessGroup) -> None:
    """Refuse micro-batches that leave a process without an image: it could not join the step.

    Raises:
        UserError: the smallest micro-batch has fewer images than there are processes.
    """
    smallest = rows // count_steps(rows, params) // params.accumulate_steps
    if group.world_size > max(smallest, 1):
        raise UserError(
            f"{group.world_size} processes cannot share micro-batches of {smallest} images ({rows} "
            f"training rows, train.batch_size {params.batch_size}, train.accumulate_steps "
            f"{params.accumulate_steps})",
            "start fewer processes with launcher, or raise train.batch_size",
            key="train.batch_size",
        )


def seed_everything(seed: int, deterministic: bool) -> None:
    """Seed torch, and choose between deterministic algorithms and cuDNN's autotuner."""
    torch.manual_seed(derive_seed(seed, "initial weights"))
    torch.use_deterministic_algorithms(deterministic)
    # Otherwise torch fills new tensors with NaN to expose reads of uninitialized memory.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = not deterministic
    # cuBLAS reads this at its first use; without it, deterministic algorithms raise an error.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def complete_weights(
    model: EmotionClassifier,
    source: PretrainedSource,
    data: LabeledImages,
    preprocessing: Preprocessing,
) -> None:
    """Measure the BatchNorm statistics of weights that were published without them.

    Args:
        model: with the initial weights, on the CPU, changed in place.
        source: where they came from.
        data: the training split, or a sample of it; NORM_IMAGES of it are used.
        preprocessing: of the network.
    """
    if not source.folded_norms or source.weights == "random":
        return
    rows = np.unique(np.linspace(0, len(data) - 1, min(len(data), NORM_IMAGES)).astype(int))
    [views] = load_batches(data.images, preprocessing, [rows])
    recover_batchnorm(model.backbone, views)


def announce(run: Run) -> None:
    """Print what is trained, with a warning if it starts from random weights."""
    several = f", {run.group.world_size} processes" if run.group.world_size > 1 else ""
    tqdm.write(
        f"train: {run.source.tag}, {len(run.train_set)} training and {len(run.val_set)} "
        f"validation images, {run.precision}{several}"
    )
    if run.source.weights == "random":
        tqdm.write(f"WARNING: training starts from RANDOM weights ({run.source.source}).")
