"""Ablate the recipe: metrics with one setting changed per run.

Run     python -m benchmarks.bench_recipe [seeds ...]     (many runs, minutes each)
Reads   params.yaml and the outputs of the stages before `train`
Writes  benchmarks/results/recipe.json after each run; runs that it already has are skipped

The baseline is params.yaml. For the recorded runs it held the recipe `imagenet` with train.loss
cross_entropy, train.reweight_from 0 and train.scheduler cosine. The last two rows combine the
settings that gained most on validation. The results also hold the test metrics, but the table does
not show them: a setting chosen by the test split would make its metrics as biased as those of
validation. Settings that gained nothing and were removed since keep their row.
"""

import dataclasses
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("DVC_TEST", "true")  # disables DVC's telemetry

import numpy as np
import pandas as pd

import emotion.models  # noqa: F401, must precede torchvision
from emotion.core import files
from emotion.core.machine import processor_name
from emotion.core.memory import keep_freed_memory
from emotion.core.reports import TrainingTime, read_report
from emotion.data import labels
from emotion.data.class_weights import ClassWeightParams, compute_class_weights
from emotion.data.manifest import read_manifest
from emotion.metrics.scores import accuracy, macro_f1, nll
from emotion.models.checkpoint import Checkpoint
from emotion.models.flip_average import average_flips
from emotion.models.inference import predict_logits
from emotion.models.sources.own_checkpoints import TEACHER_FILE
from emotion.training.fit import fit
from emotion.training.loading import load_split
from emotion.training.params import TrainParams
from emotion.training.run import RunPaths
from stages import paths
from stages.run import settings_of

RESULTS = Path(__file__).parent / "results" / "recipe.json"
METRICS = {"val_accuracy": "validation accuracy", "val_macro_f1": "validation macro-F1"}
BASELINE = "baseline"
LDAM = {"loss": "ldam", "reweight_from": 0.8}
DISTILLED = "distillation from the baseline's own network"  # with the same seed
# What each row changes; None for a setting that `TrainParams` no longer has.
SWITCHES: dict[str, dict[str, Any] | None] = {
    BASELINE: {},
    "no class weights": {"use_class_weights": False},
    "weighted sampler instead of class weights": {
        "use_class_weights": False,
        "sampler": "weighted",
    },
    "focal loss": {"loss": "focal"},
    "LDAM, class weights from 0.8 of the epochs": LDAM,
    "no label smoothing": {"label_smoothing": 0.0},
    "MixUp 0.2, off for the last 3 epochs": None,  # mixup_off_epochs
    "CutMix 1.0, off for the last 3 epochs": None,
    "no EMA": {"use_ema": False},
    "one_cycle": {"scheduler": "one_cycle"},
    "cosine_restarts": {"scheduler": "cosine_restarts"},
    "layer_decay 0.8": None,
    "deep head": {"head": "deep"},
    "accumulate_steps 2": {"accumulate_steps": 2},
    "grayscale": {"grayscale": True},
    DISTILLED: {},  # `measure` adds the teacher
    "LDAM and one_cycle": {**LDAM, "scheduler": "one_cycle"},
    "one_cycle, no label smoothing": {"scheduler": "one_cycle", "label_smoothing": 0.0},
}


def main() -> None:
    """Run the combinations that are missing in the results, seed by seed, and print the table."""
    keep_freed_memory()
    seeds = [int(word) for word in sys.argv[1:]] or [0, 1, 2]
    found = files.read_json(RESULTS) if RESULTS.exists() else {"runs": []}
    done = {(run["switch"], run["seed"]) for run in found["runs"]}
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            for switch, changes in SWITCHES.items():
                teacher = Path(folder) / f"teacher_{seed}.pth"
                if changes is None or (switch, seed) in done:
                    continue
                if switch == DISTILLED and not teacher.exists():
                    measure(BASELINE, seed, teacher)[0].save(teacher)
                checkpoint, run = measure(switch, seed, teacher)
                if switch == BASELINE:
                    checkpoint.save(teacher)
                found["runs"].append(run)
                files.write_json(RESULTS, found)
    print(format_table(found["runs"]))


def measure(switch: str, seed: int, teacher: Path) -> tuple[Checkpoint, dict[str, Any]]:
    """Train with one setting changed; returns the checkpoint and its record in the results."""
    changes = SWITCHES[switch] or {}
    params = dataclasses.replace(settings_of(TrainParams, "train"), seed=seed, **changes)
    label_map = labels.read_label_map(paths.LABEL_MAP)
    rows = {name: read_manifest(paths.SPLITS / f"{name}.csv") for name in ("train", "val", "test")}
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(shutil.copytree(paths.PRETRAINED, Path(folder) / "weights"))
        if switch == DISTILLED:
            shutil.copyfile(teacher, weights / TEACHER_FILE)
        checkpoint, _ = train(rows, label_map, weights, params)
    run = {
        "switch": switch,
        "seed": seed,
        "processor": processor_name(),
        "epoch": checkpoint.epoch,
    }
    for name in ("val", "test"):
        run |= score(checkpoint, rows[name], label_map, params, name)
    return checkpoint, run


def train(
    rows: dict[str, pd.DataFrame], label_map: dict[str, int], weights: Path, params: TrainParams
) -> tuple[Checkpoint, TrainingTime]:
    """Train on the splits `train` and `val` of `rows`, and return what it took."""
    alpha = settings_of(ClassWeightParams, "class_weights").alpha
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        checkpoint = fit(
            train_rows=rows["train"],
            val_rows=rows["val"],
            label_map=label_map,
            class_weights=compute_class_weights(rows["train"]["label"], label_map, alpha),
            params=params,
            paths=RunPaths(
                weights=weights,
                log=folder / "log",
                timing=folder / "timing.json",
                state=folder / "state",
            ),
        )
        assert checkpoint is not None  # there is only one process
        return checkpoint, read_report(folder / "timing.json", TrainingTime)


def score(
    checkpoint: Checkpoint,
    rows: pd.DataFrame,
    label_map: dict[str, int],
    params: TrainParams,
    name: str,
    flip: bool = False,
) -> dict[str, float]:
    """Accuracy, macro-F1 and NLL of a split, computed as in the stage `evaluate`."""
    preprocessing, end = checkpoint.preprocessing, "_flip" if flip else ""
    split = load_split(rows, label_map, preprocessing, params, name)
    network = average_flips(checkpoint.build_model(), flip)
    logits = predict_logits(network, split.images, preprocessing)
    predicted = logits.argmax(axis=1)
    return {
        f"{name}_accuracy{end}": round(accuracy(split.labels, predicted), 4),
        f"{name}_macro_f1{end}": round(macro_f1(split.labels, predicted, len(label_map)), 4),
        f"{name}_nll{end}": round(nll(logits, split.labels), 4),
    }


def format_table(runs: list[dict[str, Any]]) -> str:
    """Format a Markdown table of means over the seeds, with minimum and maximum in brackets."""
    lines = [
        "| setting | runs | " + " | ".join(METRICS.values()) + " |",
        "| --- | ---: |" + " ---: |" * len(METRICS),
    ]
    for switch in SWITCHES:
        selected = [run for run in runs if run["switch"] == switch]
        if selected:
            cells = [format_spread([run[name] for run in selected]) for name in METRICS]
            lines.append(f"| {switch} | {len(selected)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def format_spread(values: list[float]) -> str:
    """Format the mean, and the range if there are several values."""
    if len(values) == 1:
        return f"{values[0]:.3f}"
    low, high = (f"{value:.3f}".removeprefix("0") for value in (min(values), max(values)))
    return f"{np.mean(values):.3f} ({low}-{high})"


if __name__ == "__main__":
    main()
