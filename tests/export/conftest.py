"""A classifier of three layers, exported once: the export time grows with the network."""

import numpy as np
import onnx
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from emotion.data.cache import CachedImages
from emotion.data.preprocessing import Preprocessing
from emotion.export.license import License
from emotion.export.onnx_model import ServedClassifier, describe_model, save_onnx
from emotion.export.opsets import attempt_exports
from emotion.export.parity import run_network
from tests.conftest import make_calibration

SIZE = 32
TEMPERATURE = 1.7
MIT = License(identifier="mit")
CALIBRATION = make_calibration(TEMPERATURE, threshold=0.61, target_error=0.2)


class SmallCheckpoint:
    """The fields of a Checkpoint that the export reads, with a small network."""

    class_names = ("angry", "happy", "sad")
    preprocessing = Preprocessing(
        img_size=SIZE,
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
        interpolation="bicubic",
    )
    synthetic_fraction = 0.25
    tag = "small.none"

    def __init__(self):
        torch.manual_seed(0)
        self.state_dict = self.network().state_dict()

    @staticmethod
    def network():
        layers = nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        return nn.Sequential(*layers, nn.Linear(8, 3))

    def build_model(self):
        network = self.network()
        network.load_state_dict(self.state_dict)
        return network.eval()


def export(checkpoint, calibration=CALIBRATION, opset=18):
    """The first graph that declares the opset, with the metadata of the file."""
    network = ServedClassifier(checkpoint, calibration).eval()
    attempts = attempt_exports(network, checkpoint.preprocessing.img_size, opset)
    model = next(attempt.model for attempt in attempts if attempt.model)
    metadata = describe_model(checkpoint, calibration, "ab" * 32, MIT)
    onnx.helper.set_model_props(model, metadata)
    return model


def reference_of(checkpoint, cached, calibration=CALIBRATION):
    """The outputs of the network; every image is happy."""
    paths = [f"{index}.png" for index in range(len(cached))]
    labels = np.full(len(cached), 1)
    return run_network(checkpoint, calibration, CachedImages(cached), labels, paths)


@pytest.fixture
def small_checkpoint():
    return SmallCheckpoint()


@pytest.fixture(scope="session")
def small_onnx(tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "model.onnx"
    save_onnx(export(SmallCheckpoint()), path)
    return path


@pytest.fixture
def rows(tmp_path):
    """Twelve test rows of noise."""
    rng = np.random.default_rng(0)
    table = []
    for index in range(12):
        path = tmp_path / f"{index:02d}.png"
        Image.fromarray(rng.integers(0, 256, (40, 44, 3), dtype=np.uint8)).save(path)
        row = {"path": str(path), "label": "happy", "sha256": f"{index:064x}", "group": index // 2}
        table.append(row)
    return pd.DataFrame(table)


@pytest.fixture
def cached():
    return torch.randint(0, 256, (9, 3, 36, 36), generator=torch.Generator().manual_seed(1)).byte()
