"""From two splits and initial weights to the checkpoint of the best epoch."""

import dataclasses
import os
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from emotion.core.manifest import SHARE
from emotion.core.seeding import derive_seed
from emotion.data.cache import cache_pictures
from emotion.models.checkpoint import Checkpoint, Origin, initial_model, library_versions
from emotion.models.classifier import EmotionClassifier
from emotion.training.journal import Journal
from emotion.training.params import TrainParams
from emotion.training.precision import choose_precision
from emotion.training.trainer import LabelledPictures, Trainer, count_steps


def fit(
    train_rows: pd.DataFrame,
    val_rows: pd.DataFrame,
    label_map: dict[str, int],
    class_weights: dict[str, float],
    weights_folder: Path,
    params: TrainParams,
    log_folder: Path,
) -> Checkpoint:
    """Train, validate after each epoch, keep the best, stop when nothing is gained.

    Args:
        train_rows: manifest of the training split.
        val_rows: manifest of the validation split.
        label_map: class name to logit index.
        class_weights: by class name; used where `use_class_weights` says so.
        weights_folder: what the stage `pretrained_weights` wrote.
        params: the recipe.
        log_folder: for dvclive; emptied first.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    seed_everything(params.seed, params.deterministic)
    model, origin = initial_model(weights_folder, params.img_size, params.head, len(label_map))
    model = model.to(device, memory_format=torch.channels_last)
    precision = choose_precision(params.amp, origin.tag, device)
    train_set, val_set = (
        load_split(rows, label_map, params.img_size, origin.interpolation, name)
        for name, rows in (("train", train_rows), ("val", val_rows))
    )
    weights = torch.tensor(
        [class_weights[name] if params.use_class_weights else 1.0 for name in label_map]
    )
    announce(origin, precision, train_set, val_set)

    steps = count_steps(len(train_rows), params) * params.epochs
    with Journal(log_folder, params.epochs, steps, len(train_rows)) as journal:
        trainer = Trainer(model, train_set, weights, origin, params, precision, journal)
        best = run_epochs(trainer, val_set)
        journal.log_summary(
            {
                "best_epoch": best["epoch"],
                "best_val_macro_f1": best["val_macro_f1"],
                "best_val_accuracy": best["val_acc"],
                "weights": origin.weights,
            }
        )
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


def run_epochs(trainer: Trainer, val_set: LabelledPictures) -> dict:
    """All epochs; returns the best one's number, validation figures, value and weights.

    Frozen epochs compete for the best, but do not count against the patience: the head alone
    levels off long before the network does.
    """
    params = trainer.params
    best: dict = {"value": -np.inf}
    waited = 0
    for epoch in range(1, params.epochs + 1):
        values = trainer.train_epoch(epoch)
        values |= trainer.validate(val_set)
        value = values["val_macro_f1" if params.monitor == "macro_f1" else "val_acc"]
        frozen = epoch <= params.freeze_backbone_epochs
        if value > best["value"] + params.min_delta or epoch == 1:
            best = {**values, "epoch": epoch, "value": value}
            best["state_dict"] = copy_state(trainer.evaluated)
            waited, status = 0, "best"
        else:
            waited += not frozen
            status = "" if frozen else f"no gain {waited}/{params.patience}"
        stop = waited >= params.patience
        trainer.journal.log_epoch(
            epoch, "frozen" if frozen else "full", values, "early stop" if stop else status
        )
        if stop:
            break
    return best


def load_split(
    rows: pd.DataFrame, label_map: dict[str, int], img_size: int, interpolation: str, name: str
) -> LabelledPictures:
    """Cache a manifest's pictures and look its labels up."""
    labels = rows["label"].map(label_map).to_numpy(dtype=np.int64, copy=True)
    return LabelledPictures(
        pictures=cache_pictures(list(rows["path"]), img_size, interpolation, f"decode {name}"),
        labels=labels,
        targets=soft_targets(rows, labels, label_map),
    )


def soft_targets(rows: pd.DataFrame, labels: np.ndarray, label_map: dict[str, int]) -> torch.Tensor:
    """What annotators said, where the manifest has it for every class, else one-hot labels.

    Returns:
        float32 (N, C), rows summing to 1.
    """
    targets = np.eye(len(label_map))[labels]
    columns = [f"{SHARE}{name}" for name in label_map]
    if set(columns) <= set(rows.columns):
        shares = rows[columns].astype(float).to_numpy()
        said = shares.sum(axis=1) > 0  # rows of another source have none
        targets[said] = shares[said] / shares[said].sum(axis=1, keepdims=True)
    return torch.from_numpy(targets.astype(np.float32))


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
    torch.backends.cudnn.benchmark = not deterministic
    # cuBLAS reads this when it is first used; without it the line above makes it raise.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def announce(
    origin: Origin, precision: object, train_set: LabelledPictures, val_set: LabelledPictures
) -> None:
    """Say what is about to be trained, and loudly where it starts from nothing."""
    tqdm.write(
        f"train: {origin.tag}, {len(train_set.labels)} training and {len(val_set.labels)} "
        f"validation pictures, {precision}"
    )
    if origin.weights == "random":
        tqdm.write(f"WARNING: training starts from RANDOM weights ({origin.weights_source}).")
