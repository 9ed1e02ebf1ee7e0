"""The ONNX file: inputs and outputs of its graph, its metadata, and no paths of the machine."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from emotion.core.version import __version__
from emotion.data.preprocessing import Preprocessing
from emotion.export.graph import opset_of
from emotion.export.onnx_model import METADATA_FORMAT, describe_model, save_onnx
from emotion.export.parity import compare
from tests.conftest import make_calibration, make_checkpoint
from tests.export.conftest import MIT, SIZE, TEMPERATURE, SmallCheckpoint, export, reference_of
from tests.user_errors import user_error

AGAIN = """
from pathlib import Path
from emotion.export.onnx_model import save_onnx
from tests.export.conftest import SmallCheckpoint, export
save_onnx(export(SmallCheckpoint()), Path("model.onnx"))
"""


def test_rgb_in_0_to_1_gives_logits_and_calibrated_probabilities(small_onnx, small_checkpoint):
    images = np.random.default_rng(0).random((3, 3, SIZE, SIZE), dtype=np.float32)
    session = onnxruntime.InferenceSession(small_onnx, providers=["CPUExecutionProvider"])
    logits, probabilities = session.run(["logits", "probabilities"], {"images": images})
    preprocessing = small_checkpoint.preprocessing
    mean, std = np.array(preprocessing.mean), np.array(preprocessing.std)
    normalized = (images - mean[:, None, None]) / std[:, None, None]
    with torch.no_grad():
        expected = small_checkpoint.build_model()(torch.from_numpy(normalized).float()).numpy()
    np.testing.assert_allclose(logits, expected, atol=1e-5)
    powers = np.exp(expected / TEMPERATURE)
    np.testing.assert_allclose(probabilities, powers / powers.sum(axis=1, keepdims=True), atol=1e-5)


def test_the_batch_size_is_dynamic_and_the_image_size_is_fixed(small_onnx):
    graph = onnx.load(small_onnx).graph
    dims = graph.input[0].type.tensor_type.shape.dim
    assert [d.dim_param or d.dim_value for d in dims] == ["batch", 3, SIZE, SIZE]
    assert [output.name for output in graph.output] == ["logits", "probabilities"]


def test_metadata_say_how_faces_are_cropped(small_checkpoint):
    crop = replace(small_checkpoint.preprocessing, faces="box", face_margin=1.25)
    small_checkpoint.preprocessing = crop
    metadata = describe_model(small_checkpoint, make_calibration(), "ab" * 32, MIT)
    found = json.loads(metadata["preprocessing"])
    assert (found["faces"], found["face_margin"]) == ("box", 1.25)
    assert Preprocessing.from_json(metadata["preprocessing"]) == crop


def test_metadata_describe_the_model_for_prediction(small_onnx, small_checkpoint):
    session = onnxruntime.InferenceSession(small_onnx, providers=["CPUExecutionProvider"])
    metadata = dict(session.get_modelmeta().custom_metadata_map)
    assert json.loads(metadata.pop("class_names")) == ["angry", "happy", "sad"]
    preprocessing = Preprocessing.from_json(metadata.pop("preprocessing"))
    assert preprocessing == small_checkpoint.preprocessing
    assert metadata == {
        "format": METADATA_FORMAT,
        "version": __version__,
        "tag": "small.none",
        "model_sha256": "ab" * 32,
        "license": "mit",
        "license_link": "",
        "temperature": repr(TEMPERATURE),
        "threshold": "0.61",
        "target_error": "0.2",
        "synthetic_fraction": "0.25",
    }


def test_the_file_contains_no_path_of_this_machine(small_onnx):
    content = small_onnx.read_bytes()
    for text in (Path.cwd(), Path(torch.__file__).parent, Path.home(), "site-packages", ".py"):
        assert str(text).encode() not in content
    model = onnx.load(small_onnx)
    assert not any(node.metadata_props or node.doc_string for node in model.graph.node)


@pytest.mark.slow
def test_another_process_in_another_folder_writes_the_same_bytes(small_onnx, tmp_path):
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {root!r})\n{AGAIN}"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "model.onnx").read_bytes() == small_onnx.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(
    "family", ["test_resnet", "test_convnext", "test_efficientnet", "test_vit"]
)
@pytest.mark.parametrize("grayscale", [False, True])
def test_every_family_passes_parity_at_the_default_opset(family, grayscale, cached):
    checkpoint = make_checkpoint(family, img_size=32, grayscale=grayscale)
    model = export(checkpoint)
    assert opset_of(model) == 18
    compare(model, reference_of(checkpoint, cached[:, :1] if grayscale else cached)).require(1e-4)


@pytest.mark.slow
def test_a_grayscale_model_converts_colors_to_luminance(tmp_path):
    checkpoint = SmallCheckpoint()
    checkpoint.preprocessing = replace(checkpoint.preprocessing, grayscale=True)
    path = tmp_path / "gray.onnx"
    save_onnx(export(checkpoint, make_calibration()), path)
    session = onnxruntime.InferenceSession(path)
    colors = np.random.default_rng(0).random((2, 3, SIZE, SIZE), dtype=np.float32)
    weights = np.array([0.299, 0.587, 0.114], dtype=np.float32)
    gray = np.einsum("nchw,c->nhw", colors, weights)[:, None].repeat(3, axis=1)
    [actual], [expected] = (session.run(["logits"], {"images": x}) for x in (colors, gray))
    np.testing.assert_allclose(actual, expected, atol=1e-5)


def test_with_flip_the_outputs_are_those_of_the_mirror_image_too(cached, tmp_path):
    checkpoint = SmallCheckpoint()
    calibration = make_calibration(TEMPERATURE, flip=True)
    model = export(checkpoint, calibration)
    compare(model, reference_of(checkpoint, cached, calibration)).require(1e-5)
    save_onnx(model, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(
        tmp_path / "model.onnx", providers=["CPUExecutionProvider"]
    )
    images = np.random.default_rng(0).random((3, 3, SIZE, SIZE), dtype=np.float32)
    [logits] = session.run(["logits"], {"images": images})
    [mirrored] = session.run(["logits"], {"images": images[..., ::-1].copy()})
    np.testing.assert_allclose(logits, mirrored, atol=1e-5)
    with user_error(key="export_onnx.tolerance"):  # differs from the network without flip
        compare(model, reference_of(checkpoint, cached, make_calibration(TEMPERATURE))).require(
            1e-4
        )
