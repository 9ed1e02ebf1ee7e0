"""What each switch of the recipe gains or loses on the faces of data/splits.

Run     python -m benchmarks.bench_recipe [seeds ...]     (minutes a run, and there are many)
Reads   params.yaml and what the stages before `train` made
Writes  benchmarks/results/recipe.json after each run, and goes on from there

Every run changes one thing of params.yaml, but for the last two, which join what gained most on
validation. The test figures are only to be read: choosing by them would make them as good as the
validation figures.
"""

import dataclasses
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("DVC_TEST", "true")  # dvclive then asks nothing of a server

import numpy as np
import pandas as pd

import emotion.models  # noqa: F401, before torchvision
from benchmarks.machine import processor_name
from emotion.core import files, labels
from emotion.core.manifest import read_manifest
from emotion.core.memory import keep_freed_memory
from emotion.inference import predict_logits
from emotion.metrics import accuracy, macro_f1
from emotion.models.checkpoint import Checkpoint
from emotion.training.fit import fit
from emotion.training.loading import load_split
from emotion.training.params import TrainParams
from stages import paths
from stages.run import settings_of

RESULTS = Path(__file__).parent / "results" / "recipe.json"
FIGURES = {
    "val_accuracy": "val accuracy",
    "val_macro_f1": "val macro-F1",
    "test_accuracy": "test accuracy",
    "test_macro_f1": "test macro-F1",
}
BASE = "as in params.yaml"
LDAM = {"loss": "ldam", "reweight_from": 0.8}
TAUGHT = "teacher: the first run's own network"  # of the same seed
SWITCHES = {
    BASE: {},
    "no class weights": {"use_class_weights": False},
    "weighted sampler instead of class weights": {
        "use_class_weights": False,
        "sampler": "weighted",
    },
    "focal loss": {"loss": "focal"},
    "LDAM, class weights from 0.8 of the epochs": LDAM,
    "no label smoothing": {"label_smoothing": 0.0},
    "MixUp 0.2, off for the last 3 epochs": {
        "use_mixup": True,
        "mixup_alpha": 0.2,
        "mixup_off_epochs": 3,
    },
    "CutMix 1.0, off for the last 3 epochs": {"use_cutmix": True, "mixup_off_epochs": 3},
    "no moving average": {"use_ema": False},
    "one_cycle": {"scheduler": "one_cycle"},
    "cosine_restarts": {"scheduler": "cosine_restarts"},
    "layer_decay 0.8": {"layer_decay": 0.8},
    "deep head": {"head": "deep"},
    "accumulate_steps 2": {"accumulate_steps": 2},
    "grayscale": {"grayscale": True},
    TAUGHT: {},
    "LDAM as above, one_cycle": {**LDAM, "scheduler": "one_cycle"},
    "one_cycle, no label smoothing": {"scheduler": "one_cycle", "label_smoothing": 0.0},
}


def main() -> None:
    """Run what is not in the results yet, seed by seed, and print the table."""
    keep_freed_memory()
    seeds = [int(word) for word in sys.argv[1:]] or [0, 1, 2]
    found = files.read_json(RESULTS) if RESULTS.exists() else {"runs": []}
    done = {(run["switch"], run["seed"]) for run in found["runs"]}
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            for switch in SWITCHES:
                teacher = Path(folder) / f"teacher_{seed}.pth"
                if (switch, seed) in done:
                    continue
                if switch == TAUGHT and not teacher.exists():
                    measure(BASE, seed, teacher)[0].save(teacher)
                checkpoint, run = measure(switch, seed, teacher)
                if switch == BASE:
                    checkpoint.save(teacher)
                found["runs"].append(run)
                files.write_json(RESULTS, found)
    print(as_table(found["runs"]))


def measure(switch: str, seed: int, teacher: Path) -> tuple[Checkpoint, dict]:
    """Train with one switch changed; the checkpoint, and its figures on validation and test."""
    changes = {"teacher": str(teacher)} if switch == TAUGHT else SWITCHES[switch]
    params = dataclasses.replace(settings_of(TrainParams), seed=seed, **changes)
    label_map = labels.read_label_map(paths.LABEL_MAP)
    rows = {name: read_manifest(paths.SPLITS / f"{name}.csv") for name in ("train", "val", "test")}
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = fit(
            train_rows=rows["train"],
            val_rows=rows["val"],
            label_map=label_map,
            class_weights=files.read_json(paths.CLASS_WEIGHTS),
            weights_folder=paths.PRETRAINED,
            params=params,
            log_folder=Path(folder) / "log",
            state_folder=Path(folder),
        )
    run = {"switch": switch, "seed": seed, "processor": processor_name()}
    run["epoch"] = checkpoint.epoch
    for name in ("val", "test"):
        run |= score(checkpoint, rows[name], label_map, params, name)
    return checkpoint, run


def score(
    checkpoint: Checkpoint,
    rows: pd.DataFrame,
    label_map: dict[str, int],
    params: TrainParams,
    name: str,
) -> dict[str, float]:
    """Accuracy and macro-F1 of a split, as the stage `evaluate` finds them."""
    split = load_split(rows, label_map, params, checkpoint.interpolation, name)
    predicted = predict_logits(checkpoint.build_model(), split.images, checkpoint).argmax(axis=1)
    return {
        f"{name}_accuracy": round(accuracy(split.labels, predicted), 4),
        f"{name}_macro_f1": round(macro_f1(split.labels, predicted, len(label_map)), 4),
    }


def as_table(runs: list[dict]) -> str:
    """Means over the seeds as Markdown; in brackets the least and the greatest."""
    lines = [
        "| switch | runs | " + " | ".join(FIGURES.values()) + " |",
        "| --- | ---: |" + " ---: |" * len(FIGURES),
    ]
    for switch in SWITCHES:
        mine = [run for run in runs if run["switch"] == switch]
        if mine:
            cells = [spread([run[name] for run in mine]) for name in FIGURES]
            lines.append(f"| {switch} | {len(mine)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def spread(values: list[float]) -> str:
    """The mean, and the range where there is one."""
    if len(values) == 1:
        return f"{values[0]:.3f}"
    low, high = (f"{value:.3f}".removeprefix("0") for value in (min(values), max(values)))
    return f"{np.mean(values):.3f} ({low}-{high})"


if __name__ == "__main__":
    main()
