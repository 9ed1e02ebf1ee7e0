"""Backbones trained on drawn faces, for the benchmarks that need trained networks.

They are made once per folder: FOLDER/faces and FOLDER/<backbone>.pth; where a network starts on
clear faces, also FOLDER/clear_faces and FOLDER/<backbone>_start.pth.
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
# Other subjects, all clear and upright.
CLEAR_FACES = DrawFacesParams(subjects=1600, difficulty=0.0, seed=8)

Setup = dict[str, Any]  # changes of the section train
SCRATCH: Setup = {
    "freeze_backbone_epochs": 0,
    "lr_backbone": 5e-4,
    "lr_head": 5e-4,
    "head": "linear",
}
SLOW: Setup = {**SCRATCH, "scheduler": "one_cycle", "lr_backbone": 2e-4, "lr_head": 2e-4}
WEAK = AugmentParams(crop_area=0.9, rotation=5.0, color=0.1, erase=0.0)
NONE = AugmentParams(crop_area=1.0, rotation=0.0, color=0.0, erase=0.0)
# How a backbone is trained, from random weights where no source answers.
SETUPS: dict[str, Setup] = {
    "tf_efficientnet_lite0": {},
    "resnet50": {**SCRATCH, "epochs": 4},
    "tf_efficientnet_b3_ns": {**SCRATCH, "epochs": 4},
    "convnext_base": {**SCRATCH, "epochs": 4, "lr_backbone": 2e-4, "lr_head": 2e-4},
    "vit_base_patch16_224": {**SLOW, "epochs": 5, "batch_size": 16, "augment": WEAK},
}
# The epoch before that, on CLEAR_FACES. From random weights, on FACES alone, macro-F1 of ViT was
# 0.37 after four epochs and training overfitted.
STARTS: dict[str, Setup] = {
    "vit_base_patch16_224": {**SLOW, "epochs": 1, "batch_size": 16, "augment": NONE},
}


def train_backbone(name: str, folder: Path) -> tuple[Checkpoint, Prepared, dict[str, pd.DataFrame]]:
    """The checkpoint in the folder, trained if it is missing, its corpus, and the rows by split."""
    path, prepared = folder / f"{name}.pth", draw(FACES, folder / "faces")
    if not path.exists():
        pretrained = "prefer"
        if name in STARTS:
            start = folder / f"{name}_start.pth"
            if not start.exists():
                clear = draw(CLEAR_FACES, folder / "clear_faces")
                train_from("prefer", name, clear, STARTS[name]).save(start)
            pretrained = str(start)
        train_from(pretrained, name, prepared, SETUPS[name]).save(path)
    return load_checkpoint(path), prepared, rows_by_split(prepared)


def draw(params: DrawFacesParams, faces: Path) -> Prepared:
    """The corpus, drawn if it is missing, with its splits."""
    if not faces.exists():
        draw_corpus(params, faces)
    return prepare(DataParams(root=str(faces)), faces.with_name("unpacked"))


def train_from(pretrained: str, name: str, prepared: Prepared, setup: Setup) -> Checkpoint:
    """Train a backbone from `pretrained`: a file beside the faces, or prefer."""
    with tempfile.TemporaryDirectory() as text:
        weights = Path(text)
        source = PretrainedParams(model_type=name, pretrained=pretrained)
        own_folder = paths.OWN_WEIGHTS if pretrained == "prefer" else Path(pretrained).parent
        fetch_pretrained(source, weights, own_folder)
        rows = rows_by_split(prepared)
        return train(rows, prepared.label_map, weights, train_params(setup))[0]


def rows_by_split(prepared: Prepared) -> dict[str, pd.DataFrame]:
    """The rows of train, val and test."""
    return {split: prepared.rows[prepared.rows["split"] == split] for split in SPLITS}


def train_params(setup: Setup) -> TrainParams:
    """The settings of params.yaml with the changes."""
    return dataclasses.replace(
        settings_of(TrainParams, "train"), **{"deterministic": True, **setup}
    )
