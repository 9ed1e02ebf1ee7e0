"""Small images and a small network that many tests share."""

import os

# The suite runs on several processes: more threads in each would only fight over the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# No test reaches for the network: a model hub that answered would change what is tested.
os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from emotion.models.backbones import build_backbone, resolve_backbone
from emotion.models.checkpoint import Checkpoint
from emotion.models.classifier import EmotionClassifier

SMALL_MODEL = "test_resnet"  # timm's own tiny network, 0.5 M parameters


@pytest.fixture
def striped_rows(tmp_path) -> pd.DataFrame:
    """24 noisy images of 40 px in two classes told apart by the direction of their stripes."""
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
        rows.append({"path": str(path), "label": label, "sha256": f"{index:064d}"})
    return pd.DataFrame(rows)


def make_checkpoint(
    model_type: str = SMALL_MODEL,
    img_size: int = 48,
    head: str = "deep",
    class_names: tuple[str, ...] = ("angry", "happy", "sad"),
) -> Checkpoint:
    """A checkpoint as `train` would write it, of an untrained network."""
    torch.manual_seed(0)
    facts = resolve_backbone(model_type)
    network = EmotionClassifier(build_backbone(facts, img_size), head, len(class_names))
    return Checkpoint(
        model_type=model_type,
        tag=facts.tag,
        head=head,
        class_names=list(class_names),
        img_size=img_size,
        mean=facts.mean,
        std=facts.std,
        interpolation=facts.interpolation,
        grayscale=False,
        weights="random",
        weights_source="pretrained: none",
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
