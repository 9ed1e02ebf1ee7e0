"""Quantize the float32 ONNX model: int8 by several recipes, and fp16.

Which recipe suits a network does not follow from its family, so all are built and measured
(variants.py). Static quantization fixes the range of each activation on training images; dynamic
quantization computes it for each image, which makes convolutions slower, not faster, so it is for
matrix products only. Structured pruning is not offered: it removes channels, after which the
network must be trained again, and unstructured zeros save no time in ONNX Runtime.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process
from onnxruntime.transformers.float16 import convert_float_to_float16
from onnxruntime.transformers.onnx_model import OnnxModel

from emotion.export.opsets import INPUT, OUTPUTS
from emotion.export.quiet import quiet_logging

PRODUCTS = ["Conv", "MatMul", "Gemm"]  # where the time goes
_BATCH = 16  # images per pass of the calibration
# (float32 file, training images: float32 (N, 3, H, W), RGB in 0..1) to a smaller graph
Recipe = Callable[[Path, np.ndarray], onnx.ModelProto]


def static_int8(operators: list[str] | None) -> Recipe:
    """8-bit activations, and weights of 7 bits per channel (QDQ format).

    Activations are unsigned: with signed ones ONNX Runtime 1.32 takes as long as in float32 on x86,
    although they are its default (ResNet-50: 1.0 instead of 3.0 times as fast). Weights have 7 bits
    because the sum of two products overflows on processors without VNNI otherwise.

    Args:
        operators: to quantize; None takes all that ONNX Runtime can, which saves conversions
            between them but rounds more often.
    """

    def build(model_file: Path, images: np.ndarray) -> onnx.ModelProto:
        with tempfile.TemporaryDirectory() as folder, quiet_logging():
            prepared, result = Path(folder) / "prepared.onnx", Path(folder) / "int8.onnx"
            quant_pre_process(model_file, prepared, skip_symbolic_shape=True)
            quantize_static(
                prepared,
                result,
                _Batches(images),
                quant_format=QuantFormat.QDQ,
                activation_type=QuantType.QUInt8,
                per_channel=True,
                reduce_range=True,
                op_types_to_quantize=operators,
                nodes_to_exclude=_nodes_after_logits(onnx.load(prepared)),
            )
            return onnx.load(result)

    return build


def dynamic_int8(model_file: Path, images: np.ndarray) -> onnx.ModelProto:  # noqa: ARG001
    """Weights of matrix products in 7 bits; ranges of their inputs per image, without `images`."""
    with tempfile.TemporaryDirectory() as folder, quiet_logging():
        result = Path(folder) / "int8.onnx"
        quantize_dynamic(
            model_file,
            result,
            op_types_to_quantize=["MatMul", "Gemm"],
            per_channel=True,
            reduce_range=True,
        )
        return onnx.load(result)


def fp16(model_file: Path, images: np.ndarray) -> onnx.ModelProto:  # noqa: ARG001
    """Weights and operations in 16 bits; inputs and outputs stay float32."""
    model: onnx.ModelProto = convert_float_to_float16(onnx.load(model_file), keep_io_types=True)
    # It appends the cast of the input behind its users.
    OnnxModel(model).topological_sort(is_deterministic=True)
    return model


RECIPES: dict[tuple[str, str], Recipe] = {  # by precision and method
    ("int8", "static, all operators"): static_int8(None),
    ("int8", "static, convolutions and matrix products"): static_int8(PRODUCTS),
    ("int8", "dynamic, matrix products"): dynamic_int8,
    ("fp16", "all operators"): fp16,
}


class _Batches(CalibrationDataReader):  # type: ignore[misc]
    """Images (N, 3, H, W) in the interface of ONNX Runtime's calibration."""

    def __init__(self, images: np.ndarray) -> None:
        starts = range(0, len(images), _BATCH)
        self.batches: Iterator[np.ndarray] = iter(images[i : i + _BATCH] for i in starts)

    def get_next(self) -> dict[str, np.ndarray] | None:
        batch = next(self.batches, None)
        return None if batch is None else {INPUT: batch}


def _nodes_after_logits(model: onnx.ModelProto) -> list[str]:
    """Names of the nodes between logits and probabilities, which stay float32."""
    logits, probabilities = OUTPUTS
    makers = {name: node for node in model.graph.node for name in node.output}
    names, inputs = [], [probabilities]
    while inputs:
        name = inputs.pop()
        if name != logits and name in makers:
            names.append(makers[name].name)
            inputs.extend(makers[name].input)
    return names
