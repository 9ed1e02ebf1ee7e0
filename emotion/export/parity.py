"""Parity check: the ONNX file and the network must give the same outputs on real images."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
import torch
from scipy import special

from emotion.core.errors import UserError
from emotion.core.reports import Calibration
from emotion.data.cache import CachedImages
from emotion.data.transforms import crop_batch
from emotion.export.report import BatchParity
from emotion.export.sessions import open_session, run_batches
from emotion.metrics.scores import macro_f1
from emotion.models.checkpoint import Checkpoint
from emotion.models.flip_average import average_flips
from emotion.models.inference import predict_logits

# One image, two, a size that no exporter can have fixed as a constant, and a full batch.
BATCH_SIZES = (1, 2, 7, 32)
# Smallest differences that are reported; those of a float32 network are about 1e-5.
SMALLEST, SMALLEST_KL = 1e-4, 1e-6
_NETWORK_BATCH = 16  # images
_THREADS = 2  # of the runtime, on every machine: the last bits of the outputs depend on it


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Images, and the outputs of the network for them; N images, C classes."""

    images: np.ndarray  # float32 (N, 3, H, W), RGB in 0..1, as the file takes them
    logits: np.ndarray  # float32 (N, C)
    probabilities: np.ndarray  # float32 (N, C), calibrated
    labels: np.ndarray  # int64 (N,), class indices
    paths: Sequence[str]  # of the images


@dataclass(frozen=True, kw_only=True)
class Parity:
    """Difference between the outputs of the ONNX file and those of the network."""

    batches: dict[int, BatchParity]  # by batch size
    same_class: float  # share of images with the same predicted class; lowest over batch sizes
    macro_f1_difference: float  # largest over batch sizes
    worst_image: str  # path of the image with the largest difference

    @property
    def max_abs(self) -> float:
        """The largest difference of a logit or a probability; NaN if one is."""
        return float(np.max([batch.max_abs for batch in self.batches.values()]))

    def require(self, tolerance: float) -> None:
        """Check the numbers against the tolerance.

        Raises:
            UserError: a difference is above `tolerance` or NaN, or a predicted class differs.
        """
        if not (self.max_abs <= tolerance and self.same_class == 1.0):
            raise UserError(
                f"the ONNX model differs from the network by up to {self.max_abs:.2g} (allowed: "
                f"export_onnx.tolerance {tolerance:g}; the worst image is {self.worst_image}) and "
                f"agrees on the class of {self.same_class:.1%} of the images",
                "raise the tolerance in params.yaml only if differences of that size are "
                "acceptable. No model.onnx is kept",
                key="export_onnx.tolerance",
            )


def run_network(
    checkpoint: Checkpoint,
    calibration: Calibration,
    images: CachedImages,
    labels: np.ndarray,
    paths: Sequence[str],
) -> Reference:
    """The outputs of the network, for the same normalized images as in evaluation.

    Args:
        checkpoint: the model.
        calibration: its temperature, and whether mirror images are averaged.
        images: of the rows, N.
        labels: class indices, int64 (N,).
        paths: of the images, for messages.
    """
    preprocessing = checkpoint.preprocessing
    model = average_flips(checkpoint.build_model(), calibration.flip)
    logits = predict_logits(model, images, preprocessing, _NETWORK_BATCH)
    scaled = torch.from_numpy(logits) / calibration.temperature
    return Reference(
        images=crop_batch(images.tensor, preprocessing).numpy(),
        logits=logits,
        probabilities=torch.softmax(scaled, dim=1).numpy(),
        labels=labels,
        paths=paths,
    )


def compare(model: onnx.ModelProto, expected: Reference) -> Parity:
    """Run an ONNX model on the images of the reference, in each of BATCH_SIZES.

    The network received normalized images, the file receives RGB in 0..1, so the normalization
    inside the graph is compared too.
    """
    session = open_session(model, _THREADS)
    results = {size: run_batches(session, expected.images, size) for size in BATCH_SIZES}
    gaps = np.array([_gap_per_image(*found, expected) for found in results.values()])
    predicted = [logits.argmax(axis=1) for logits, _ in results.values()]
    network, classes = expected.logits.argmax(axis=1), expected.logits.shape[1]
    f1 = macro_f1(expected.labels, network, classes)
    return Parity(
        batches={size: _differ(*found, expected) for size, found in results.items()},
        same_class=round(min(float((row == network).mean()) for row in predicted), 6),
        macro_f1_difference=max(
            abs(macro_f1(expected.labels, row, classes) - f1) for row in predicted
        ),
        # argmax takes the first NaN for the largest.
        worst_image=str(expected.paths[int(gaps.max(axis=0).argmax())]),
    )


def round_up(difference: float, smallest: float = SMALLEST) -> float:
    """The next power of ten of a difference (0 or more), at least `smallest`.

    onnxruntime chooses its kernels by processor, so the digits differ between machines.
    """
    return float(f"1e{math.ceil(math.log10(max(difference, smallest)))}")


def _gap_per_image(
    logits: np.ndarray, probabilities: np.ndarray, expected: Reference
) -> np.ndarray:
    """The largest difference of each image, (N,)."""
    both = np.abs(logits - expected.logits), np.abs(probabilities - expected.probabilities)
    return np.asarray(np.maximum(both[0].max(axis=1), both[1].max(axis=1)))


def _differ(logits: np.ndarray, probabilities: np.ndarray, expected: Reference) -> BatchParity:
    # Relative to the largest logit of the image: single logits are often close to 0.
    largest = np.abs(expected.logits).max(axis=1)
    relative = np.abs(logits - expected.logits).max(axis=1) / largest
    divergence = special.rel_entr(expected.probabilities, probabilities).sum(axis=1)
    return BatchParity(
        max_abs=float(_gap_per_image(logits, probabilities, expected).max()),
        max_rel=float(relative.max()),
        max_kl=float(divergence.max()),
    )
