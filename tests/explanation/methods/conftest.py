"""A tiny checkpoint, and a few noise images whose evidence is a bright rectangle."""

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from emotion.explanation.methods.attribution import ExplainerOptions
from tests.conftest import make_checkpoint

SIZE = 48
DEFAULT = ExplainerOptions(background=torch.empty(0))
CLASSES = ["angry", "happy", "sad"]


@pytest.fixture(scope="session")
def checkpoint():
    return make_checkpoint()


@pytest.fixture
def options():
    torch.manual_seed(1)
    return ExplainerOptions(
        background=torch.randn(3, 3, SIZE, SIZE), shap_samples=4, lime_samples=24
    )


@pytest.fixture
def rows(tmp_path):
    return draw_rows(tmp_path)


def draw_rows(folder) -> pd.DataFrame:
    """A manifest of twelve test rows, four per class; all files are in `folder`."""
    rng = np.random.default_rng(0)
    (folder / "evidence").mkdir()
    table = []
    for index in range(12):
        mask = np.zeros((60, 80), dtype=np.uint8)
        top, left = rng.integers(10, 30), rng.integers(20, 40)
        mask[top : top + 15, left : left + 20] = 255
        image = rng.integers(0, 60, (60, 80, 3), dtype=np.uint8)
        image[mask > 0] += 180
        name = f"{index:02d}.png"
        Image.fromarray(mask).save(folder / "evidence" / name)
        Image.fromarray(image).save(folder / name)
        table.append(
            {
                "path": str(folder / name),
                "label": CLASSES[index % 3],
                "sha256": f"{index * 7919 % 12:064x}",
                "group": f"subject {index % 6}",
                "evidence": str(folder / "evidence" / name),
            }
        )
    # Images are wider than high.
    return pd.DataFrame(table).assign(
        split="test", subject="", source="drawn", width=80, height=60, synthetic=True
    )
