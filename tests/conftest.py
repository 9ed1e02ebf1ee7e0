"""Small images and a small network, shared by many tests."""

import os

# The suite runs in several processes: with more threads each they would compete for the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# No test may use the network: a reachable model hub would change what is tested.
os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from emotion.core.reports import Calibration
from emotion.data.preprocessing import Preprocessing
from emotion.models.backbones import build_backbone, resolve_timm_name
from emotion.models.checkpoint import Checkpoint
from emotion.models.classifier import EmotionClassifier

SMALL_MODEL = "test_resnet"  # timm's own tiny network, 0.5 M parameters

# Except for those of garbage that an earlier test has left, as dulwich does.
WARNINGS_ARE_ERRORS = pytest.mark.filterwarnings(
    "error", "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture
def striped_rows(tmp_path) -> pd.DataFrame:
    """24 noisy images of 40 px in two classes that differ in the direction of their stripes."""
    rng = np.random.default_rng(0)
    rows = []
    for index in range(24):
        label = ("happy", "sad")[index % 2]
        stripes = 255.0 * (np.arange(40) // 4 % 2)
        image = np.broadcast_to(stripes, (40, 40)) + rng.normal(0, 20, (40, 40))
        image = (image if label == "happy" else image.T).clip(0, 255).astype(np.uint8)
        path = tmp_path / "images" / f"{index:02d}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(image).convert("RGB").save(path)
        row = {"path": str(path), "label": label, "sha256": f"{index:064d}", "synthetic": False}
        rows.append(row | {"split": "train" if index < 16 else "val"})
    return pd.DataFrame(rows)


def preprocessing_of(img_size: int, **changes) -> Preprocessing:
    """Mean and standard deviation of 0.5, unless changed."""
    half = (0.5, 0.5, 0.5)
    values = {"mean": half, "std": half, "interpolation": "bicubic", **changes}
    return Preprocessing(img_size=img_size, **values)


def make_calibration(temperature: float = 1.0, **changes) -> Calibration:
    """A calibration without a threshold, unless changed."""
    values = {
        "temperature": temperature,
        "flip": False,
        "val_nll_before": 0.7,
        "val_nll_after": 0.6,
        "fitted_temperature": temperature,
        "val_nll_gain": 0.1,
        "val_nll_gain_low": 0.05,
        "val_nll_gain_high": 0.15,
        "reason": "kept: validation NLL falls",
        "threshold": None,
        "target_error": None,
        "threshold_reason": "every image is answered",
    }
    return Calibration(**{**values, **changes})


def make_checkpoint(
    model_type: str = SMALL_MODEL,
    img_size: int = 48,
    head: str = "deep",
    class_names: tuple[str, ...] = ("angry", "happy", "sad"),
    grayscale: bool = False,
) -> Checkpoint:
    """A checkpoint as `train` would write it, of an untrained network."""
    torch.manual_seed(0)
    info = resolve_timm_name(model_type)
    network = EmotionClassifier(build_backbone(info, img_size), head, len(class_names))
    return Checkpoint(
        model_type=model_type,
        tag=info.tag,
        architecture=info.architecture,
        args=info.args_at(img_size),
        omitted=list(info.omitted),
        head=head,
        class_names=list(class_names),
        preprocessing=info.preprocessing(img_size, grayscale),
        weights="random",
        weights_source="pretrained: none",
        synthetic_fraction=0.0,
        data_hash="",
        epoch=3,
        monitor="macro_f1",
        best_value=0.5,
        val_macro_f1=0.5,
        val_accuracy=0.6,
        params={"epochs": 3},
        history={"train_loss": [1.0, 0.9, 0.8]},
        versions={"torch": "2"},
        state_dict=network.state_dict(),
    )
