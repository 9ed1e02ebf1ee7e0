"""Backbones trained on drawn faces, for the benchmarks that need trained networks.

They are made once per folder: FOLDER/faces and FOLDER/<backbone>.pth.
"""

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.bench_recipe import train
from emotion.core.manifest import SPLITS
from emotion.data.transforms import AugmentParams
from emotion.datasets.params import DataParams
from emotion.drawing.corpus import DrawFacesParams, draw_corpus
from emotion.models.checkpoint import Checkpoint, load_checkpoint
from emotion.models.pretrained import PretrainedParams, fetch_pretrained
from emotion.preparation.prepare import Prepared, prepare
from emotion.training.params import TrainParams
from stages import paths
from stages.run import settings_of

# Easier than the shipped faces, where networks without pretrained weights learn too slowly.
FACES = DrawFacesParams(subjects=800, difficulty=0.2, seed=7)
SCRATCH = {"freeze_backbone_epochs": 0, "lr_backbone": 5e-4, "lr_head": 5e-4, "head": "linear"}
# How a backbone is trained (changes of the section train), from random weights where no source
# answers.
SETUPS: dict[str, dict[str, Any]] = {
    "tf_efficientnet_lite0": {},
    "resnet50": {**SCRATCH, "epochs": 4},
    "tf_efficientnet_b3_ns": {**SCRATCH, "epochs": 4},
    "convnext_base": {**SCRATCH, "epochs": 4, "lr_backbone": 2e-4, "lr_head": 2e-4},
    # Without weights for ImageNet it learns nothing within hours from augmented images.
    "vit_base_patch16_224": {
        **SCRATCH,
        "epochs": 8,
        "scheduler": "one_cycle",
        "lr_backbone": 2e-4,
        "lr_head": 2e-4,
        "augment": AugmentParams(crop_area=1.0, rotation=0.0, color=0.0, erase=0.0),
    },
}


def train_backbone(name: str, folder: Path) -> tuple[Checkpoint, Prepared, dict[str, pd.DataFrame]]:
    """The checkpoint in the folder, trained if it is missing, its corpus, and the rows by split."""
    faces, path = folder / "faces", folder / f"{name}.pth"
    if not faces.exists():
        draw_corpus(FACES, faces)
    prepared = prepare(DataParams(root=str(faces)), folder / "unpacked")
    rows = {split: prepared.rows[prepared.rows["split"] == split] for split in SPLITS}
    if not path.exists():
        with tempfile.TemporaryDirectory() as weights:
            source = PretrainedParams(model_type=name, pretrained="prefer")
            fetch_pretrained(source, Path(weights), paths.OWN_WEIGHTS)
            train(rows, prepared.label_map, Path(weights), train_params(name))[0].save(path)
    return load_checkpoint(path), prepared, rows


def train_params(name: str) -> TrainParams:
    """The settings that a backbone is trained with."""
    changes = {"deterministic": True, **SETUPS[name]}
    return dataclasses.replace(settings_of(TrainParams, "train"), **changes)
