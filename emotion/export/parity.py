"""Does the ONNX file give the network's answers? Asked on real images, before it is kept."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from emotion.core.errors import UserError
from emotion.data.transforms import eval_batch
from emotion.export.onnx_model import INPUT, OUTPUTS
from emotion.models.checkpoint import Checkpoint

BATCH_SIZES = (1, 7)  # one image, and a batch that no exporter could have taken for a constant
_THREADS = 2  # of the runtime, whatever the machine has: another number gives other last bits


@dataclass(frozen=True, kw_only=True)
class Parity:
    """How far the runtime's answers are from the network's."""

    max_abs_difference: dict[str, float]  # batch_1, batch_7: over logits and probabilities
    same_class: float  # share of images with the same predicted class, whatever the batch size

    def require(self, tolerance: float) -> None:
        """Raise a UserError with the numbers unless all are within `tolerance`."""
        worst = np.max(list(self.max_abs_difference.values()))  # NaN, if there is one: it fails
        if not (worst <= tolerance and self.same_class == 1.0):
            raise UserError(
                f"the ONNX model differs from the network by up to {worst:.2g} (allowed: "
                f"export_onnx.tolerance {tolerance:g}) and agrees on the class of "
                f"{self.same_class:.1%} of the images; no model.onnx is kept. Raise the "
                "tolerance in params.yaml only if differences of that size do not matter to you."
            )


def compare(onnx_file: Path, checkpoint: Checkpoint, temperature: float, cached: Tensor) -> Parity:
    """Run both on the same images.

    The network's side takes the normalized images of `evaluate`, the file takes RGB in 0..1: the
    normalization inside the graph is compared too.

    Args:
        onnx_file: what `build_onnx` made.
        checkpoint: the model that it should equal.
        temperature: of the calibration.
        cached: uint8 (N, 3, S, S) from the cache.
    """
    size = checkpoint.img_size
    with torch.no_grad():
        logits = torch.cat(
            [
                checkpoint.build_model()(eval_batch(part, size, checkpoint.mean, checkpoint.std))
                for part in cached.split(16)
            ]
        )
    expected = [logits.numpy(), torch.softmax(logits / temperature, dim=1).numpy()]
    images = eval_batch(cached, size, mean=(0, 0, 0), std=(1, 1, 1)).numpy()
    session = _session(onnx_file)
    differences, agreements = {}, []
    for batch_size in BATCH_SIZES:
        actual = _run(session, images, batch_size)
        gap = np.max([np.abs(a - e).max() for a, e in zip(actual, expected, strict=True)])
        differences[f"batch_{batch_size}"] = float(f"{gap:.2g}")
        agreements.append((actual[0].argmax(axis=1) == expected[0].argmax(axis=1)).mean())
    return Parity(max_abs_difference=differences, same_class=round(float(min(agreements)), 6))


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
