"""A tiny classifier of any family, and a few drawn images whose evidence is a bright square."""

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from emotion.explainers.attribution import Sampling
from tests.conftest import make_checkpoint

SIZE = 48
CLASSES = ["angry", "happy", "sad"]


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
        image = rng.integers(0, 60, (60, 80, 3), dtype=np.uint8)
        image[mask > 0] += 180
        name = f"evidence/{index:02d}.png"
        Image.fromarray(mask).save(folder / name)
        Image.fromarray(image).save(folder / f"{index:02d}.png")
        table.append(
            {
                "path": str(folder / f"{index:02d}.png"),
                "label": CLASSES[index % 3],
                "sha256": f"{index * 7919 % 12:064x}",
                "evidence": name,
            }
        )
    return pd.DataFrame(table)
