"""Compare the average of three runs' weights (`emotion soup`) with the runs and their ensemble.

Run     python -m benchmarks.bench_soup FOLDER     (nine runs, 40 minutes)
Reads   params.yaml, the outputs of the stages before `train`, FOLDER/<seed>.pth of an earlier call
Writes  FOLDER/<seed>.pth and benchmarks/results/soup.json

The recipe is that of bench_accuracy's first row. An ensemble averages probabilities, and takes
three times as long per image as one run; the average of the weights takes as long as one run.
"""

import dataclasses
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("DVC_TEST", "true")  # disables DVC's telemetry

import torch
from torch import Tensor, nn

import emotion.models  # noqa: F401, must precede torchvision
from benchmarks.bench_accuracy import FACE_RECIPE, FACES
from benchmarks.bench_recipe import format_spread, score, train
from emotion.core import files
from emotion.core.machine import processor_name
from emotion.core.memory import keep_freed_memory
from emotion.data import labels
from emotion.data.manifest import read_manifest
from emotion.data.preprocessing import Preprocessing
from emotion.models.checkpoint import Checkpoint, load_checkpoint
from emotion.models.sources.pretrained import PretrainedParams, fetch_pretrained
from emotion.training.loading import load_split
from emotion.training.params import TrainParams
from emotion.training.soup.greedy import greedy_soup
from emotion.training.soup.ingredients import Ingredient
from stages import paths
from stages.run import settings_of

RESULTS = Path(__file__).parent / "results" / "soup.json"
TRIPLES = ((0, 1, 2), (3, 4, 5), (6, 7, 8))  # seeds
COLUMNS = {
    f"{split}_{metric}": f"{split} {title}"
    for split in ("val", "test")
    for metric, title in (("accuracy", "accuracy"), ("macro_f1", "macro-F1"), ("nll", "NLL"))
}
Rows = dict[str, Any]


@dataclass(frozen=True)
class Ensemble:
    """Several networks as one: `build_model` gives logits of their mean probabilities."""

    checkpoints: Sequence[Checkpoint]

    @property
    def preprocessing(self) -> Preprocessing:
        """The same for all of them."""
        return self.checkpoints[0].preprocessing

    def build_model(self) -> nn.Module:
        """One network that runs all of them."""
        return MeanProbabilities([checkpoint.build_model() for checkpoint in self.checkpoints])


class MeanProbabilities(nn.Module):
    """Logarithm of the mean of the networks' probabilities."""

    def __init__(self, networks: Sequence[nn.Module]):
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, images: Tensor) -> Tensor:  # noqa: D102
        probabilities = [network(images).softmax(dim=1) for network in self.networks]
        return torch.stack(probabilities).mean(dim=0).log()


def main() -> None:
    """Train what is missing in the folder, average each triple, and print the table."""
    keep_freed_memory()
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    names = ("train", "val", "test")
    rows: Rows = {split: read_manifest(paths.SPLITS / f"{split}.csv") for split in names}
    found = []
    for seeds in TRIPLES:
        runs = [run_of(seed, folder, rows) for seed in seeds]
        found += measure(seeds, runs, rows)
        files.write_json(RESULTS, {"processor": processor_name(), "networks": found})
    print(format_table(found))


def run_of(seed: int, folder: Path, rows: Rows) -> Checkpoint:
    """The checkpoint of a seed, trained if the folder has none."""
    path = folder / f"{seed}.pth"
    if not path.exists():
        params = dataclasses.replace(settings_of(TrainParams, "train"), seed=seed, **FACE_RECIPE)
        source = PretrainedParams(model_type=FACES, pretrained="require")
        with tempfile.TemporaryDirectory() as weights:
            fetch_pretrained(source, Path(weights), paths.OWN_WEIGHTS)
            label_map = labels.read_label_map(paths.LABEL_MAP)
            train(rows, label_map, Path(weights), params)[0].save(path)
    return load_checkpoint(path)


def measure(seeds: Sequence[int], runs: Sequence[Checkpoint], rows: Rows) -> list[dict[str, Any]]:
    """Scores of the runs, of their average and of their ensemble."""
    label_map, params = labels.read_label_map(paths.LABEL_MAP), settings_of(TrainParams, "train")
    splits = {
        split: load_split(rows[split], label_map, runs[0].preprocessing, params)
        for split in ("train", "val")
    }
    ingredients = [Ingredient(str(seed), run) for seed, run in zip(seeds, runs, strict=True)]
    train_images, val_images = splits["train"].images, splits["val"].images
    soup = greedy_soup(ingredients, train_images, val_images, splits["val"].labels)
    networks = [("run", run) for run in runs]
    networks += [("average", soup.checkpoint), ("ensemble", Ensemble(runs))]
    records = []
    for kind, network in networks:
        record = {"kind": kind, "seeds": list(seeds), "members": len(soup.checkpoint.ingredients)}
        for split in ("val", "test"):
            record |= score(network, rows[split], label_map, params, split)
        records.append(record)
    return records


def format_table(records: list[dict[str, Any]]) -> str:
    """Format a Markdown table of means, with minimum and maximum in brackets."""
    lines = [
        "| network | number | " + " | ".join(COLUMNS.values()) + " |",
        "| --- | ---: |" + " ---: |" * len(COLUMNS),
    ]
    titles = {"run": "one run", "average": "average of three", "ensemble": "ensemble of three"}
    for kind, title in titles.items():
        selected = [record for record in records if record["kind"] == kind]
        cells = [format_spread([record[name] for record in selected]) for name in COLUMNS]
        lines.append(f"| {title} | {len(selected)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
