"""Train backbones on drawn faces, for the benchmarks that need trained networks.

They are trained once per folder, and kept as FOLDER/faces and FOLDER/<backbone>.pth.
"""

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from benchmarks.bench_recipe import train
from benchmarks.feature_start import WEAK, learn_features
from emotion.core import files
from emotion.data.manifest import SPLITS
from emotion.datasets.drawn_faces.dataset import DrawFacesParams, draw_dataset
from emotion.datasets.params import DataParams
from emotion.datasets.prepare import Prepared, prepare
from emotion.models.checkpoint import Checkpoint, load_checkpoint
from emotion.models.sources.own_checkpoints import TEACHER_FILE
from emotion.models.sources.pretrained import PretrainedParams, fetch_pretrained
from emotion.training.params import TrainParams
from stages import paths
from stages.run import settings_of

# Easier than the shipped faces, where networks without pretrained weights learn too slowly.
FACES = DrawFacesParams(subjects=800, difficulty=0.2, seed=7)

Setup = dict[str, Any]  # changes of the section train
SCRATCH: Setup = {
    "freeze_backbone_epochs": 0,
    "lr_backbone": 5e-4,
    "lr_head": 5e-4,
    "head": "linear",
}
FINE_TUNED: Setup = {
    **SCRATCH,
    "epochs": 2,
    "scheduler": "one_cycle",
    "lr_backbone": 1e-4,
    "augment": WEAK,
}
# How a backbone is trained, from random weights if no source is reachable.
SETUPS: dict[str, Setup] = {
    "tf_efficientnet_lite0": {},
    "resnet50": {**SCRATCH, "epochs": 4},
    "tf_efficientnet_b3_ns": {**FINE_TUNED, "epochs": 5, "lr_backbone": 2e-3, "lr_head": 2e-3},
    "convnext_base": {**FINE_TUNED, "epochs": 3, "lr_backbone": 2e-4},
    "vit_base_patch16_224": FINE_TUNED,
}
# Those that start from the features of TEACHER and are trained with it. EfficientNet-B3 learned few
# of them in 560 steps.
TAUGHT = ("convnext_base", "vit_base_patch16_224")
TEACHER = "tf_efficientnet_lite0"


def train_backbone(name: str, folder: Path) -> tuple[Checkpoint, Prepared, dict[str, pd.DataFrame]]:
    """The checkpoint in the folder, trained if it is missing, its dataset, and rows by split."""
    faces, path = folder / "faces", folder / f"{name}.pth"
    if not faces.exists():
        draw_dataset(FACES, faces)
    prepared = prepare(DataParams(root=str(faces)), folder / "unpacked")
    rows = {split: prepared.rows[prepared.rows["split"] == split] for split in SPLITS}
    if not path.exists():
        with tempfile.TemporaryDirectory() as text:
            weights = Path(text)
            if name in TAUGHT:
                start_taught(name, folder, rows["train"], weights)
            else:
                source = PretrainedParams(model_type=name, pretrained="prefer")
                fetch_pretrained(source, weights, paths.OWN_WEIGHTS)
            train(rows, prepared.label_map, weights, train_params(name))[0].save(path)
    return load_checkpoint(path), prepared, rows


def start_taught(name: str, folder: Path, rows: pd.DataFrame, weights: Path) -> None:
    """Put weights that are learned from the teacher into `weights`, and the teacher."""
    teacher = train_backbone(TEACHER, folder)[0]
    start = folder / f"{name}_start.pth"
    if not start.exists():
        learned = learn_features(name, teacher, rows)
        with files.replacing(start) as temporary:
            torch.save(learned, temporary)
    source = PretrainedParams(model_type=name, pretrained=str(start))
    fetch_pretrained(source, weights, folder)
    teacher.save(weights / TEACHER_FILE)


def train_params(name: str) -> TrainParams:
    """The settings that a backbone is trained with."""
    changes = {"deterministic": True, **SETUPS[name]}
    return dataclasses.replace(settings_of(TrainParams, "train"), **changes)
