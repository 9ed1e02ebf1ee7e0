"""The ONNX file: what its graph takes and gives, what it tells, and what it must not tell."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from emotion.export.onnx_model import build_onnx, opset_of, save_onnx
from emotion.export.parity import compare
from tests.conftest import make_checkpoint
from tests.export.conftest import SIZE, TEMPERATURE, SmallCheckpoint

AGAIN = """
from pathlib import Path
from emotion.export.onnx_model import build_onnx, save_onnx
from tests.export.conftest import TEMPERATURE, SmallCheckpoint
save_onnx(build_onnx(SmallCheckpoint(), TEMPERATURE), Path("model.onnx"))
"""


def test_it_takes_rgb_in_0_to_1_and_gives_logits_and_calibrated_probabilities(
    small_onnx, small_checkpoint
):
    images = np.random.default_rng(0).random((3, 3, SIZE, SIZE), dtype=np.float32)
    session = onnxruntime.InferenceSession(small_onnx, providers=["CPUExecutionProvider"])
    logits, probabilities = session.run(["logits", "probabilities"], {"images": images})
    mean, std = np.array(small_checkpoint.mean), np.array(small_checkpoint.std)
    normalized = (images - mean[:, None, None]) / std[:, None, None]
    with torch.no_grad():
        expected = small_checkpoint.build_model()(torch.from_numpy(normalized).float()).numpy()
    np.testing.assert_allclose(logits, expected, atol=1e-5)
    powers = np.exp(expected / TEMPERATURE)
    np.testing.assert_allclose(probabilities, powers / powers.sum(axis=1, keepdims=True), atol=1e-5)


def test_the_batch_is_free_and_the_image_is_not(small_onnx):
    graph = onnx.load(small_onnx).graph
    dims = graph.input[0].type.tensor_type.shape.dim
    assert [d.dim_param or d.dim_value for d in dims] == ["batch", 3, SIZE, SIZE]
    assert [output.name for output in graph.output] == ["logits", "probabilities"]


def test_it_tells_its_classes_and_its_model(small_onnx):
    facts = {entry.key: entry.value for entry in onnx.load(small_onnx).metadata_props}
    assert json.loads(facts["class_names"]) == ["angry", "happy", "sad"]
    assert facts["img_size"] == str(SIZE)
    assert facts["tag"] == "small.none"
    assert float(facts["temperature"]) == TEMPERATURE


def test_it_names_no_path_of_this_machine(small_onnx):
    content = small_onnx.read_bytes()
    for place in (Path.cwd(), Path(torch.__file__).parent, Path.home(), "site-packages", ".py"):
        assert str(place).encode() not in content
    model = onnx.load(small_onnx)
    assert not any(node.metadata_props or node.doc_string for node in model.graph.node)


def test_another_process_in_another_folder_writes_the_same_bytes(small_onnx, tmp_path):
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {root!r})\n{AGAIN}"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "model.onnx").read_bytes() == small_onnx.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(
    "family", ["test_resnet", "test_convnext", "test_efficientnet", "test_vit"]
)
def test_every_family_keeps_its_answers_at_the_opset_asked_for(family, tmp_path, cached):
    checkpoint = make_checkpoint(family, img_size=32)
    model = build_onnx(checkpoint, TEMPERATURE)
    assert opset_of(model) == 18
    onnx.save(model, tmp_path / "model.onnx")
    compare(tmp_path / "model.onnx", checkpoint, TEMPERATURE, cached).require(1e-4)


def test_a_model_of_luminance_sees_colors_as_their_luminance(tmp_path):
    checkpoint = SmallCheckpoint()
    checkpoint.grayscale = True
    path = tmp_path / "gray.onnx"
    save_onnx(build_onnx(checkpoint, 1.0), path)
    session = onnxruntime.InferenceSession(path)
    colors = np.random.default_rng(0).random((2, 3, SIZE, SIZE), dtype=np.float32)
    weights = np.array([0.299, 0.587, 0.114], dtype=np.float32)
    gray = np.einsum("nchw,c->nhw", colors, weights)[:, None].repeat(3, axis=1)
    [ours], [expected] = (session.run(["logits"], {"images": x}) for x in (colors, gray))
    np.testing.assert_allclose(ours, expected, atol=1e-5)
