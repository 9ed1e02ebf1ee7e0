"""Small datasets of noise images. All images are different unless a test makes a copy."""

import struct
import zlib
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emotion.data.face import Face
from emotion.data.face_crop import TEMPLATE
from emotion.datasets import face_search
from emotion.datasets.params import DataParams
from emotion.datasets.prepare import prepare
from emotion.datasets.reader import read_dataset


def touch(root, *paths):
    """Make empty files, and their folders; returns the root."""
    root.mkdir(parents=True, exist_ok=True)
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    return root


def save_noise(path, seed, size=40):
    """Save smooth noise: neighboring pixels are similar, as in photographs."""
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 12), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC).save(path)


def png_that_claims(path, width, height):
    """Write a PNG of a few bytes whose header claims a huge image."""

    def chunk(kind, data):
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


def read_rows(root, **params):
    """The rows of a dataset, with these settings."""
    return read_dataset(DataParams(root=str(root), **params))[0]


class NoiseImages:
    """A folder of images; `prepare` writes its labels.csv."""

    def __init__(self, root):
        self.root, self.rows = root, []

    def add(self, name, label, seed=None, *, size=40, **cells):
        """Add an image; images with the same `seed` have identical pixels."""
        save_noise(self.root / name, len(self.rows) + 10**6 if seed is None else seed, size)
        self.rows.append({"path": name, "label": label, **cells})

    def prepare(self, workers=1, state=None, **params):
        table = pd.DataFrame(self.rows).fillna("")
        table.to_csv(self.root / "labels.csv", index=False)
        settings = DataParams(root=str(self.root), **params)
        return prepare(settings, self.root.parent / "unpacked", workers, state)


def make_face(left, top, side, **changes):
    """An upright face whose square is that of an aligned crop."""
    landmarks = tuple((left + side * x, top + side * y) for x, y in TEMPLATE.tolist())
    values = {"score": 0.9, "landmarks": landmarks, **changes}
    return Face(box=(left, top, left + side, top + side), **values)


class DetectorBySize:
    """Finds as many faces as an image is wider than 40 pixels; the last is the largest."""

    seen: ClassVar[list[tuple[int, int]]] = []  # sizes of the images

    def detect(self, image):
        self.seen.append(image.size)
        return [make_face(2 + 9 * number, 3, 20 + 2 * number) for number in range(image.width - 40)]


@pytest.fixture
def detector(monkeypatch):
    """In place of the network."""
    monkeypatch.setattr(face_search, "_detector", DetectorBySize)
    monkeypatch.setattr(DetectorBySize, "seen", [])
    return DetectorBySize


@pytest.fixture
def dataset(tmp_path):
    """Without images yet."""
    return NoiseImages(tmp_path / "faces")


@pytest.fixture
def balanced(dataset):
    """60 different images in two classes, without subjects."""
    for index in range(60):
        dataset.add(f"{index:03d}.png", ("happy", "sad")[index % 2])
    return dataset


@pytest.fixture
def read(tmp_path):
    """Read images from a labels.csv; header and lines are given without the column path."""

    def read_lines(header, *lines, **params):
        lines = [f"{i}.jpg,{line}\n" for i, line in enumerate(lines)]
        touch(tmp_path, *(f"{i}.jpg" for i in range(len(lines))))
        (tmp_path / "labels.csv").write_text(f"path,{header}\n{''.join(lines)}")
        return read_rows(tmp_path, **params)

    return read_lines
