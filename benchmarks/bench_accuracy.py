"""Measure accuracy by backbone, initial weights, input size and recipe, several seeds each.

Run     python -m benchmarks.bench_accuracy [seeds ...]     (hours)
Reads   params.yaml and the outputs of the stages before `train`
Writes  benchmarks/results/accuracy.json after each run; runs that it already has are skipped

docs/accuracy.md has the table of the photographs. Settings are chosen by the columns of validation;
those of the test split are the result. `flip` averages over each image and its mirror image.
"""

import dataclasses
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("DVC_TEST", "true")  # disables DVC's telemetry

import numpy as np

import emotion.models  # noqa: F401, must precede torchvision
from benchmarks.bench_recipe import format_spread, score, train
from emotion.core import files
from emotion.core.machine import processor_name
from emotion.core.memory import keep_freed_memory
from emotion.data import labels
from emotion.data.manifest import read_manifest
from emotion.models.sources.face_mobilenet import MODEL_TYPE as FACES
from emotion.models.sources.pretrained import PretrainedParams, fetch_pretrained
from emotion.training.params import TrainParams
from stages import paths
from stages.run import settings_of

RESULTS = Path(__file__).parent / "results" / "accuracy.json"
COLUMNS = {
    "val_accuracy": "val accuracy",
    "val_macro_f1": "val macro-F1",
    "val_nll": "val NLL",
    "test_accuracy": "test accuracy",
    "test_macro_f1": "test macro-F1",
    "minutes": "minutes",
    "images_per_second": "images/s",
}
LITE0 = "tf_efficientnet_lite0"


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What one row of the table trains."""

    model_type: str
    changes: dict[str, Any] = field(default_factory=dict)  # of the section train


BEFORE = {  # the recipe of README.md before weights pretrained on faces, for ImageNet's weights
    "epochs": 11,
    "freeze_backbone_epochs": 3,
    "patience": 8,
    "lr_backbone": 2e-3,
    "head": "linear",
    "loss": "ldam",
    "reweight_from": 0.8,
    "scheduler": "one_cycle",
}
FACE_RECIPE = {
    "img_size": 160,
    "freeze_stages": 4,
    "epochs": 7,
    "freeze_backbone_epochs": 2,
    "lr_head": 3e-3,
    "head": "linear",
    "scheduler": "one_cycle",
}
SETUPS = {
    "faces, 160 px": Setup(model_type=FACES, changes=FACE_RECIPE),
    "ImageNet, 112 px, 3 + 8 epochs": Setup(model_type=LITE0, changes=BEFORE),
    "faces, 112 px, 3 + 8 epochs": Setup(model_type=FACES, changes=BEFORE),
}


def main() -> None:
    """Run the combinations that are missing in the results, row by row, and print the table."""
    keep_freed_memory()
    seeds = [int(word) for word in sys.argv[1:]] or [0, 1, 2]
    found = files.read_json(RESULTS) if RESULTS.exists() else {"runs": []}
    done = {(run["setup"], run["seed"]) for run in found["runs"]}
    for name in SETUPS:
        for seed in seeds:
            if (name, seed) not in done:
                found["runs"].append(measure(name, seed))
                files.write_json(RESULTS, found)
    print(format_table(found["runs"]))


def measure(name: str, seed: int) -> dict[str, Any]:
    """Train one row with one seed; returns its record in the results."""
    setup = SETUPS[name]
    params = dataclasses.replace(settings_of(TrainParams, "train"), seed=seed, **setup.changes)
    rows = {
        split: read_manifest(paths.SPLITS / f"{split}.csv") for split in ("train", "val", "test")
    }
    label_map = labels.read_label_map(paths.LABEL_MAP)
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder)
        source = PretrainedParams(model_type=setup.model_type, pretrained="require")
        fetch_pretrained(source, weights, paths.OWN_WEIGHTS)
        checkpoint, time = train(rows, label_map, weights, params)
    run = {
        "setup": name,
        "seed": seed,
        "processor": processor_name(),
        "epoch": checkpoint.epoch,
        "minutes": round(time.total_seconds / 60, 2),
        "images_per_second": round(time.images_per_second, 1),
    }
    for split in ("val", "test"):
        for flip in (False, True):
            run |= score(checkpoint, rows[split], label_map, params, split, flip)
    return run


def format_table(runs: list[dict[str, Any]]) -> str:
    """Format a Markdown table of means over the seeds, with minimum and maximum in brackets."""
    lines = [
        "| setup | runs | " + " | ".join(COLUMNS.values()) + " |",
        "| --- | ---: |" + " ---: |" * len(COLUMNS),
    ]
    for name in SETUPS:
        for end, title in (("", name), ("_flip", f"{name}, flip")):
            selected = [run for run in runs if run["setup"] == name]
            if not selected:
                continue
            cells = []
            for column in COLUMNS:
                values = [run.get(f"{column}{end}", run.get(column)) for run in selected]
                timed = column in ("minutes", "images_per_second")
                cells.append(f"{np.mean(values):.1f}" if timed else format_spread(values))
            lines.append(f"| {title} | {len(selected)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
