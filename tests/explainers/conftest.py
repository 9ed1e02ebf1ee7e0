"""A tiny classifier of any family, and a few drawn pictures whose evidence is a bright square."""

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from emotion.explainers.attribution import Sampling
from emotion.models.backbones import build_backbone, resolve_backbone
from emotion.models.checkpoint import Checkpoint
from emotion.models.classifier import EmotionClassifier

SIZE = 48
CLASSES = ["angry", "happy", "sad"]


def make_checkpoint(model_type: str = "test_resnet", img_size: int = SIZE) -> Checkpoint:
    torch.manual_seed(0)
    facts = resolve_backbone(model_type)
    network = EmotionClassifier(build_backbone(facts, img_size), "deep", len(CLASSES))
    return Checkpoint(
        model_type=model_type,
        tag=facts.tag,
        head="deep",
        class_names=CLASSES,
        img_size=img_size,
        mean=facts.mean,
        std=facts.std,
        interpolation=facts.interpolation,
        weights="random",
        weights_source="pretrained: none",
        epoch=1,
        monitor="macro_f1",
        best_value=0.5,
        val_macro_f1=0.5,
        val_accuracy=0.5,
        params={},
        history={},
        versions={},
        state_dict=network.state_dict(),
    )


@pytest.fixture(scope="session")
def checkpoint():
    return make_checkpoint()


@pytest.fixture
def sampling():
    torch.manual_seed(1)
    return Sampling(background=torch.randn(3, 3, SIZE, SIZE), shap_samples=4, lime_samples=24)


@pytest.fixture
def rows(tmp_path):
    return draw_rows(tmp_path)


def draw_rows(folder) -> pd.DataFrame:
    """Twelve test rows, four a class, wider than high; `evidence` is relative to `folder`."""
    rng = np.random.default_rng(0)
    (folder / "evidence").mkdir()
    table = []
    for index in range(12):
        mask = np.zeros((60, 80), dtype=np.uint8)
        top, left = rng.integers(10, 30), rng.integers(20, 40)
        mask[top : top + 15, left : left + 20] = 255
        picture = rng.integers(0, 60, (60, 80, 3), dtype=np.uint8)
        picture[mask > 0] += 180
        name = f"evidence/{index:02d}.png"
        Image.fromarray(mask).save(folder / name)
        Image.fromarray(picture).save(folder / f"{index:02d}.png")
        table.append(
            {
                "path": str(folder / f"{index:02d}.png"),
                "label": CLASSES[index % 3],
                "sha256": f"{index * 7919 % 12:064x}",
                "evidence": name,
            }
        )
    return pd.DataFrame(table)
