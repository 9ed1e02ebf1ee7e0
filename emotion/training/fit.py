"""A training run: from two splits and initial weights to the checkpoint of the best epoch."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from emotion.core.errors import UserError
from emotion.core.reports import PretrainedSource
from emotion.data.manifest import hash_images
from emotion.data.preprocessing import Preprocessing
from emotion.models.checkpoint import Checkpoint, library_versions
from emotion.models.classifier import copy_state
from emotion.models.sources.own_checkpoints import load_finished, load_teacher
from emotion.models.sources.pretrained import info_of, load_initial_model, read_source
from emotion.training.amp import Precision, choose_precision
from emotion.training.determinism import announce_portable, seed_everything
from emotion.training.distributed import Processes, join_processes
from emotion.training.failures import explain_failures
from emotion.training.finished import take_finished
from emotion.training.loading import LabeledImages, complete_weights, load_split
from emotion.training.logger import RunLogger
from emotion.training.objective import Objective
from emotion.training.params import TrainParams
from emotion.training.progress import BestEpoch, EpochMetrics, Progress
from emotion.training.state import RunState, compute_fingerprint
from emotion.training.trainer import Trainer, count_steps


def fit(
    train_rows: pd.DataFrame,
    val_rows: pd.DataFrame,
    label_map: dict[str, int],
    class_weights: dict[str, float],
    weights_folder: Path,
    params: TrainParams,
    log_folder: Path,
    timing_file: Path,
    state_folder: Path,
) -> Checkpoint | None:
    """Train, validate after each epoch, keep the best, stop early without a gain.

    With `params.checkpoint` nothing is trained: the finished network is checked and returned.

    Args:
        train_rows: manifest of the training split.
        val_rows: manifest of the validation split.
        label_map: class name to logit index.
        class_weights: by class name; ignored unless `use_class_weights` is true.
        weights_folder: written by the stage `pretrained_weights`.
        params: the recipe.
        log_folder: for dvclive; emptied first.
        timing_file: for the times of the run.
        state_folder: holds the state of an interrupted run, which is resumed.

    Returns:
        The checkpoint; None on all processes but the first.

    Raises:
        UserError: training diverged, was interrupted or does not fit into memory; the teacher has
            other classes; or a batch has fewer images than there are processes.
    """
    processes, device = join_processes()
    if finished := load_finished(weights_folder, list(label_map)):
        if not processes.is_first:
            return None
        source, splits = read_source(weights_folder), (train_rows, val_rows)
        return take_finished(finished, source, splits, params, log_folder, timing_file)
    check_batches(len(train_rows), params, processes)
    seed_everything(params.seed, params.deterministic)
    model, preprocessing, source = load_initial_model(
        weights_folder, params.img_size, params.head, len(label_map), params.grayscale
    )
    amp = "off" if params.deterministic == "portable" else params.amp
    precision = choose_precision(amp, source.architecture, device)
    train_set, val_set = (
        load_split(
            rows, label_map, preprocessing, params, f"decode {name}" if processes.is_first else ""
        )
        for name, rows in (("train", train_rows), ("val", val_rows))
    )
    complete_weights(model, source, train_set, preprocessing)
    weighted = params.use_class_weights
    weights = {name: class_weights[name] if weighted else 1.0 for name in label_map}
    fingerprint = compute_fingerprint(
        dataclasses.asdict(params),
        [train_rows, val_rows],
        weights_folder,
        weights,
        machine=f"{precision}, processes: {processes.count}",
    )
    if processes.is_first:
        announce(source, precision, train_set, val_set, processes)
        if params.deterministic == "portable":
            announce_portable()

    trainer = Trainer(
        model=model.to_device(device),
        train_set=train_set,
        objective=build_objective(
            params,
            weights,
            train_set.labels,
            load_teacher(weights_folder, list(label_map)),
            preprocessing,
            device,
        ),
        preprocessing=preprocessing,
        params=params,
        precision=precision,
        processes=processes,
    )
    steps = count_steps(len(train_rows), params)
    with RunLogger(
        log_folder, timing_file, params, steps, len(train_rows), processes.is_first
    ) as logger:
        best = run_epochs(trainer, val_set, RunState(state_folder, fingerprint), logger)
        logger.log_summary(best, int(trainer.skipped), source.weights)
    if not processes.is_first:
        return None
    return Checkpoint(
        model_type=source.model_type,
        tag=source.tag,
        architecture=source.architecture,
        args=info_of(source).args_at(params.img_size),
        omitted=list(source.omitted),
        head=params.head,
        class_names=list(label_map),
        preprocessing=preprocessing,
        weights=source.weights,
        weights_source=source.source,
        synthetic_fraction=float(train_rows["synthetic"].mean()),
        data_hash=hash_images(train_rows, val_rows),
        epoch=best.epoch,
        monitor=params.monitor,
        best_value=best.value,
        val_macro_f1=best.metrics.val_macro_f1,
        val_accuracy=best.metrics.val_acc,
        params=dataclasses.asdict(params),
        history=logger.history,
        versions={**library_versions(), "precision": str(precision)},
        state_dict=best.state_dict,
    )


def run_epochs(
    trainer: Trainer, val_set: LabeledImages, state: RunState, logger: RunLogger
) -> BestEpoch:
    """All epochs that are left, resuming an interrupted run; returns the best one."""
    params, progress = trainer.params, Progress()
    logger.start()
    saved = state.load()
    if saved:
        trainer.restore(saved["trainer"])
        logger.restore(saved["logger"])
        progress = Progress.restore(saved["progress"])
        tqdm.write(f"train: resuming after epoch {progress.epoch}, from {state.folder}")
    while progress.epoch < params.epochs and not progress.stopped:
        epoch = progress.epoch + 1
        with explain_failures(epoch, params):
            values = trainer.train_epoch(epoch, logger.log_step) | trainer.validate(val_set)
        metrics = EpochMetrics(**values)
        progress = progress.advance(metrics, params, lambda: copy_state(trainer.evaluated))
        logger.log_epoch(metrics, progress.describe(params), trainer.model)
        if trainer.processes.is_first:
            content = {"trainer": trainer.state(), "logger": logger.state()}
            state.save({"progress": progress.state(), **content})
    trainer.require_trained()
    assert progress.best is not None  # the first epoch is always the best so far
    return progress.best


def check_batches(rows: int, params: TrainParams, processes: Processes) -> None:
    """Refuse micro-batches that leave a process without an image: it could not join the step."""
    smallest = rows // count_steps(rows, params) // params.accumulate_steps
    if processes.count > max(smallest, 1):
        raise UserError(
            f"{processes.count} processes cannot share micro-batches of {smallest} images "
            f"({rows} training rows, train.batch_size {params.batch_size}, train.accumulate_steps "
            f"{params.accumulate_steps}); start fewer processes with launcher, or raise batch_size."
        )


def build_objective(
    params: TrainParams,
    class_weights: dict[str, float],
    labels: np.ndarray,
    teacher: Checkpoint | None,
    preprocessing: Preprocessing,
    device: str,
) -> Objective:
    """The loss of the recipe, with its class weights and its teacher on the training device.

    Args:
        params: the recipe.
        class_weights: by class name, in the order of the logits.
        labels: class indices of the training rows.
        teacher: None, or the network to learn from.
        preprocessing: of the network that is trained.
        device: cuda or cpu.
    """
    weights = torch.tensor(list(class_weights.values()))
    counts = torch.from_numpy(np.bincount(labels, minlength=len(class_weights))).float()
    guide = None
    if teacher is not None:
        guide = teacher.build_model().to_device(device), teacher.preprocessing
    return Objective(params, weights.to(device), counts.to(device), guide, preprocessing)


def announce(
    source: PretrainedSource,
    precision: Precision,
    train_set: LabeledImages,
    val_set: LabeledImages,
    processes: Processes,
) -> None:
    """Print what is trained, with a warning where the initial weights are random."""
    several = f", {processes.count} processes" if processes.count > 1 else ""
    tqdm.write(
        f"train: {source.tag}, {len(train_set.labels)} training and {len(val_set.labels)} "
        f"validation images, {precision}{several}"
    )
    if source.weights == "random":
        tqdm.write(f"WARNING: training starts from RANDOM weights ({source.source}).")
