"""Parity check: the ONNX file and the network must give the same outputs on real images."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from emotion.core.errors import UserError
from emotion.core.reports import Calibration
from emotion.data.transforms import crop_batch, preprocess_batch
from emotion.export.onnx_model import INPUT, OUTPUTS
from emotion.models.checkpoint import Checkpoint
from emotion.models.flip_average import average_flips

BATCH_SIZES = (1, 7)  # one image, and a size that the exporter cannot have fixed as a constant
SMALLEST = 1e-4  # difference that is told apart; those of a float32 network are about 1e-5
_NETWORK_BATCH = 16  # images
_THREADS = 2  # of the runtime, on every machine: the last bits of the outputs depend on it


@dataclass(frozen=True, kw_only=True)
class Parity:
    """Difference between the outputs of the ONNX file and those of the network."""

    max_abs_difference: dict[str, float]  # batch_1, batch_7: over logits and probabilities
    same_class: float  # share of images with the same predicted class; lowest over batch sizes

    def require(self, tolerance: float) -> None:
        """Check the numbers against the tolerance.

        Raises:
            UserError: a difference is above `tolerance` or NaN, or a predicted class differs.
        """
        worst = np.max(list(self.max_abs_difference.values()))  # np.max keeps NaN; max would not
        if not (worst <= tolerance and self.same_class == 1.0):
            raise UserError(
                f"the ONNX model differs from the network by up to {worst:.2g} (allowed: "
                f"export_onnx.tolerance {tolerance:g}) and agrees on the class of "
                f"{self.same_class:.1%} of the images; no model.onnx is kept. Raise the "
                "tolerance in params.yaml only if differences of that size are acceptable."
            )


def compare(
    onnx_file: Path, checkpoint: Checkpoint, calibration: Calibration, cached: Tensor
) -> Parity:
    """Run the ONNX file and the network on the same images.

    The network receives the normalized images of `evaluate`, the file receives RGB in 0..1, so the
    normalization inside the graph is compared too.

    Args:
        onnx_file: written by `save_onnx`.
        checkpoint: the model that was exported.
        calibration: that was exported.
        cached: uint8 (N, 3 or 1, S, S) from the cache.
    """
    expected = _run_network(checkpoint, calibration, cached)
    images = crop_batch(cached, checkpoint.preprocessing).numpy()
    session = _session(onnx_file)
    differences: dict[str, float] = {}
    agreements: list[float] = []
    for batch_size in BATCH_SIZES:
        actual = _run(session, images, batch_size)
        gap = np.max([np.abs(a - e).max() for a, e in zip(actual, expected, strict=True)])
        differences[f"batch_{batch_size}"] = float(f"{gap:.2g}")
        same = actual[0].argmax(axis=1) == expected[0].argmax(axis=1)
        agreements.append(float(same.mean()))
    return Parity(max_abs_difference=differences, same_class=round(min(agreements), 6))


def round_up(difference: float) -> float:
    """The next power of ten, at least SMALLEST.

    onnxruntime chooses its kernels by processor, so the digits differ between machines.
    """
    return float(f"1e{math.ceil(math.log10(max(difference, SMALLEST)))}")


def _run_network(
    checkpoint: Checkpoint, calibration: Calibration, cached: Tensor
) -> list[np.ndarray]:
    """Logits and probabilities of all images, (N, C) each."""
    model = average_flips(checkpoint.build_model(), calibration.flip)
    with torch.no_grad():
        logits = torch.cat(
            [
                model(preprocess_batch(part, checkpoint.preprocessing))
                for part in torch.split(cached, _NETWORK_BATCH)
            ]
        )
        return [logits.numpy(), torch.softmax(logits / calibration.temperature, dim=1).numpy()]


def _session(onnx_file: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _THREADS
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only
    return onnxruntime.InferenceSession(onnx_file, options, providers=["CPUExecutionProvider"])


def _run(
    session: onnxruntime.InferenceSession, images: np.ndarray, batch_size: int
) -> list[np.ndarray]:
    """Logits and probabilities of all images, (N, C) each, `batch_size` at a time."""
    starts = range(0, len(images), batch_size)
    parts = [
        session.run(list(OUTPUTS), {INPUT: images[start : start + batch_size]}) for start in starts
    ]
    return [np.concatenate(part) for part in zip(*parts, strict=True)]
