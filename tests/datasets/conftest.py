"""Small corpora of noise images. All images are different unless a test makes a copy."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emotion.datasets.params import DataParams
from emotion.datasets.prepare import prepare


def save_noise(path, seed, size=40):
    """Save smooth noise: neighboring pixels are similar, as in photographs."""
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 12), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC).save(path)


class Corpus:
    """A folder of images; `prepare` writes its labels.csv."""

    def __init__(self, root: Path):
        self.root, self.rows = root, []

    def add(self, name, label, seed=None, **cells):
        """Add an image; images with the same `seed` have identical pixels."""
        save_noise(self.root / name, len(self.rows) + 10**6 if seed is None else seed)
        self.rows.append({"path": name, "label": label, **cells})

    def prepare(self, workers=1, **params):
        table = pd.DataFrame(self.rows).fillna("")
        table.to_csv(self.root / "labels.csv", index=False)
        settings = DataParams(root=str(self.root), **params)
        return prepare(settings, self.root.parent / "unpacked", workers)


@pytest.fixture
def corpus(tmp_path):
    return Corpus(tmp_path / "faces")


@pytest.fixture
def balanced(corpus):
    """60 different images in two classes, without subjects."""
    for index in range(60):
        corpus.add(f"{index:03d}.png", ("happy", "sad")[index % 2])
    return corpus
