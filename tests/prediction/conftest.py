"""A tiny ONNX file with the metadata of export_onnx: it predicts the brightest color channel."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from emotion.core.version import __version__
from tests.conftest import preprocessing_of
from tests.data.conftest import party

__all__ = ["party"]  # a fixture

CLASSES = ["angry", "happy", "sad"]
PREPROCESSING = preprocessing_of(32)


def write_onnx(path, synthetic_fraction=0.0, **changes):
    """softmax(10 * mean of each channel): red is angry, green happy, blue sad."""
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["images", "axes"], ["means"], keepdims=0),
            helper.make_node("Mul", ["means", "ten"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        ],
        "brightest",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, 32, 32])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 3])
            for name in ("logits", "probabilities")
        ],
        [
            helper.make_tensor("axes", TensorProto.INT64, [2], [2, 3]),
            helper.make_tensor("ten", TensorProto.FLOAT, [], [10.0]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    metadata = {
        "format": "1",
        "version": __version__,
        "class_names": json.dumps(CLASSES),
        "preprocessing": PREPROCESSING.to_json(),
        "synthetic_fraction": repr(synthetic_fraction),
        "temperature": "1.0",
        "tag": "brightest",
        **changes,
    }
    helper.set_model_props(model, {k: v for k, v in metadata.items() if v is not None})
    onnx.save(model, path)
    return path


def write_face_model(folder, faces="aligned", face_margin=1.0, **changes):
    """The same network, for faces that are detected."""
    crop = preprocessing_of(32, faces=faces, face_margin=face_margin)
    return write_onnx(folder / f"{faces}.onnx", preprocessing=crop.to_json(), **changes)


@pytest.fixture
def onnx_file(tmp_path):
    return write_onnx(tmp_path / "model.onnx")


@pytest.fixture
def faces(tmp_path):
    """red.jpg, green.png and deep/blue.PNG in a folder, and a text file."""
    folder = tmp_path / "faces"
    (folder / "deep").mkdir(parents=True)
    for name, channel in (("red.jpg", 0), ("green.png", 1), ("deep/blue.PNG", 2)):
        pixels = np.full((50, 40, 3), 40, dtype=np.uint8)
        pixels[..., channel] = 220
        pixels[0, 0] = 0  # so that it is not blank
        Image.fromarray(pixels).save(folder / name)
    (folder / "notes.txt").write_text("not an image")
    return folder
