"""From two splits and initial weights to the checkpoint of the best epoch."""

import dataclasses
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from emotion.core.errors import UserError
from emotion.core.seeding import derive_seed
from emotion.models.checkpoint import (
    Checkpoint,
    Origin,
    initial_model,
    library_versions,
    load_checkpoint,
)
from emotion.models.classifier import EmotionClassifier
from emotion.training.interruptions import explaining_interruptions
from emotion.training.journal import Journal
from emotion.training.loading import LabeledImages, load_split
from emotion.training.objective import Objective
from emotion.training.params import TrainParams
from emotion.training.precision import Precision, choose_precision
from emotion.training.processes import Processes, join_processes
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
    state_folder: Path,
) -> Checkpoint | None:
    """Train, validate after each epoch, keep the best, stop when nothing is gained.

    Args:
        train_rows: manifest of the training split.
        val_rows: manifest of the validation split.
        label_map: class name to logit index.
        class_weights: by class name; used where `use_class_weights` says so.
        weights_folder: what the stage `pretrained_weights` wrote.
        params: the recipe.
        log_folder: for dvclive; emptied first.
        state_folder: holds the state of an interrupted run, from which this one goes on.

    Returns:
        The checkpoint; None on all of several processes but the first.

    Raises:
        UserError: training diverged, was interrupted, or does not fit into memory; or the teacher
            has other classes.
    """
    processes, device = join_processes()
    seed_everything(params.seed, params.deterministic)
    model, origin = initial_model(
        weights_folder, params.img_size, params.head, len(label_map), params.grayscale
    )
    model = model.to(device, memory_format=torch.channels_last)
    precision = choose_precision(params.amp, origin.tag, device)
    train_set, val_set = (
        load_split(
            rows, label_map, params, origin.interpolation, name if processes.is_first else ""
        )
        for name, rows in (("train", train_rows), ("val", val_rows))
    )
    objective = build_objective(params, label_map, class_weights, train_set.labels, origin, device)
    weights = class_weights if params.use_class_weights else {}
    tables = [train_rows, val_rows]
    machine = f"{precision}, processes: {processes.count}"
    fingerprint = compute_fingerprint(
        dataclasses.asdict(params), tables, weights_folder, weights, machine
    )
    announce(origin, precision, train_set, val_set, processes)

    steps = count_steps(len(train_rows), params)
    with Journal(log_folder, params, steps, len(train_rows), processes.is_first) as journal:
        trainer = Trainer(
            model, train_set, objective, origin, params, precision, journal, processes
        )
        best = run_epochs(trainer, val_set, RunState(state_folder, fingerprint))
        journal.log_summary(
            {
                "best_epoch": best["epoch"],
                "best_val_macro_f1": best["val_macro_f1"],
                "best_val_accuracy": best["val_acc"],
                "skipped_steps": int(trainer.skipped),
                "weights": origin.weights,
            },
            best["state_dict"],
        )
    if not processes.is_first:
        return None
    return Checkpoint(
        **dataclasses.asdict(origin),
        head=params.head,
        class_names=list(label_map),
        epoch=best["epoch"],
        monitor=params.monitor,
        best_value=best["value"],
        val_macro_f1=best["val_macro_f1"],
        val_accuracy=best["val_acc"],
        params=dataclasses.asdict(params),
        history=journal.history,
        versions={**library_versions(), "precision": str(precision)},
        state_dict=best["state_dict"],
    )


def run_epochs(trainer: Trainer, val_set: LabeledImages, state: RunState) -> dict[str, Any]:
    """All epochs that are left; returns the best one's number, figures, value and weights.

    Frozen epochs compete for the best, but do not count against the patience: the head alone
    levels off long before the network does.
    """
    params, journal = trainer.params, trainer.journal
    run = {"epoch": 0, "best": {"value": -np.inf}, "waited": 0, "stopped": False}
    saved = state.load()
    if saved:
        trainer.restore(saved["trainer"])
        journal.restore(saved["journal"])
        run = {name: saved[name] for name in run}
    while run["epoch"] < params.epochs and not run["stopped"]:
        epoch = run["epoch"] + 1
        with explaining_interruptions(epoch, params):
            values = trainer.train_epoch(epoch) | trainer.validate(val_set)
        run, status = judge_epoch(run, epoch, values, trainer)
        frozen = epoch <= params.freeze_backbone_epochs
        journal.log_epoch(epoch, "frozen" if frozen else "full", values, status, trainer.model)
        if trainer.processes.is_first:
            state.save({**run, "trainer": trainer.state(), "journal": journal.state()})
    return run["best"]


def judge_epoch(
    run: dict[str, Any], epoch: int, values: dict[str, float], trainer: Trainer
) -> tuple[dict[str, Any], str]:
    """Whether an epoch is the best so far and whether to go on; and what the table says of it."""
    params, best, waited = trainer.params, run["best"], run["waited"]
    value = values["val_macro_f1" if params.monitor == "macro_f1" else "val_acc"]
    frozen = epoch <= params.freeze_backbone_epochs
    if value > best["value"] + params.min_delta or epoch == 1:
        best = {**values, "epoch": epoch, "value": value}
        best["state_dict"] = copy_state(trainer.evaluated)
        waited, status = 0, "best"
    else:
        waited += not frozen
        status = "" if frozen else f"no gain {waited}/{params.patience}"
    stopped = waited >= params.patience
    run = {"epoch": epoch, "best": best, "waited": waited, "stopped": stopped}
    return run, "early stop" if stopped else status


def build_objective(
    params: TrainParams,
    label_map: dict[str, int],
    class_weights: dict[str, float],
    labels: np.ndarray,
    origin: Origin,
    device: str,
) -> Objective:
    """The loss of the recipe, with its class weights and its teacher on the training device."""
    weights = [class_weights[name] if params.use_class_weights else 1.0 for name in label_map]
    counts = torch.from_numpy(np.bincount(labels, minlength=len(label_map))).float()
    teacher = None
    if params.teacher:
        checkpoint = load_checkpoint(Path(params.teacher))
        if checkpoint.class_names != list(label_map):
            raise UserError(
                f"teacher {params.teacher} knows {', '.join(checkpoint.class_names)}; it must have "
                f"our classes in our order: {', '.join(label_map)}."
            )
        model = checkpoint.build_model().to(device, memory_format=torch.channels_last)
        teacher = (model, checkpoint)
    return Objective(params, torch.tensor(weights).to(device), counts.to(device), teacher, origin)


def copy_state(model: EmotionClassifier) -> dict[str, torch.Tensor]:
    """A CPU copy of all weights and buffers, contiguous, detached from training."""
    return {
        name: tensor.detach().to("cpu", copy=True).contiguous()
        for name, tensor in model.state_dict().items()
    }


def seed_everything(seed: int, deterministic: bool) -> None:
    """Seed torch, and choose between the same bytes every time and cuDNN's autotuner."""
    torch.manual_seed(derive_seed(seed, "initial weights"))
    torch.use_deterministic_algorithms(deterministic)
    # Else torch writes NaN into all memory before it is used, to find reads of what nobody wrote.
    torch.utils.deterministic.fill_uninitialized_memory = False
    torch.backends.cudnn.benchmark = not deterministic
    # cuBLAS reads this when it is first used; without it the line above makes it raise.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def announce(
    origin: Origin,
    precision: Precision,
    train_set: LabeledImages,
    val_set: LabeledImages,
    processes: Processes,
) -> None:
    """Say what is about to be trained, and loudly where it starts from nothing."""
    if not processes.is_first:
        return
    several = f", {processes.count} processes" if processes.count > 1 else ""
    tqdm.write(
        f"train: {origin.tag}, {len(train_set.labels)} training and {len(val_set.labels)} "
        f"validation images, {precision}{several}"
    )
    if origin.weights == "random":
        tqdm.write(f"WARNING: training starts from RANDOM weights ({origin.weights_source}).")
