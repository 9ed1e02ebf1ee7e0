"""Deletion and insertion (Petsiuk et al., "RISE", 2018), and the order of the pixels for both.

Deletion: how fast the probability of the class falls when the image is blurred, cells with the
highest attribution first. Insertion: how fast it rises when the blurred image becomes sharp in the
same order. quantus.PixelFlipping computes the first, for one image and step at a time; here one
blurred copy serves all steps, each step is one batch, and both curves share their endpoints.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from emotion.explanation.methods.resizing import remove_features
from emotion.models.parallel import forward_batches

# All maps are ranked on this grid. On single pixels, SHAP would win by scattering its blur into
# noise that is out of distribution for any network, while Grad-CAM can only remove blobs.
GRID = 14
# Shares of the image: close together at the beginning, where good and bad maps differ.
SHARES = (0.0, 0.1, 0.25, 0.5, 1.0)
_SEED = 0


class DeletionCurves(NamedTuple):
    """Mean probability of each image's class along both curves, float64 (N,) in 0..1."""

    deletion: np.ndarray  # lower is better
    insertion: np.ndarray  # higher is better


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """The endpoints of both curves, which do not depend on a map, so they are computed once."""

    blurred_images: Tensor  # without any facial feature, float32 (N, 3, H, W)
    original: np.ndarray  # probability of the class in the image, float32 (N,)
    blurred: np.ndarray  # probability of the class in the blurred image, float32 (N,)

    def first(self, count: int) -> "Endpoints":
        """Those of the first images."""
        return Endpoints(
            blurred_images=self.blurred_images[:count],
            original=self.original[:count],
            blurred=self.blurred[:count],
        )


def score_endpoints(
    model: nn.Module, images: Tensor, targets: Tensor, original: np.ndarray
) -> Endpoints:
    """Blur the images, and compute the probabilities of their classes.

    Args:
        model: images to logits, in evaluation mode.
        images: normalized float32 (N, 3, H, W).
        targets: the class of the probability, int64 (N,).
        original: probability of the class in the image, float32 (N,), which is known already.
    """
    images = remove_features(images)
    blurred = class_probabilities(model, images, targets)
    return Endpoints(blurred_images=images, original=original, blurred=blurred)


def delete_and_insert(
    model: nn.Module, images: Tensor, targets: Tensor, maps: np.ndarray, ends: Endpoints
) -> DeletionCurves:
    """Areas under the curves of deletion and insertion, by the trapezoidal rule.

    Args:
        model: images to logits, in evaluation mode.
        images: normalized float32 (N, 3, H, W).
        targets: the class of the probability, int64 (N,).
        maps: float (N, h, w), the order of the cells; equal values are in a fixed random order.
        ends: of the same images and classes.
    """
    height, width = images.shape[-2:]
    rank = torch.from_numpy(rank_cells(maps, min(GRID, height, width))).to(images.device)
    rank = F.interpolate(rank[:, None], size=(height, width), mode="nearest")
    deleted: list[np.ndarray] = []
    inserted: list[np.ndarray] = []
    for share in SHARES[1:-1]:
        chosen = rank < share
        for curve, inside, outside in (
            (deleted, ends.blurred_images, images),
            (inserted, images, ends.blurred_images),
        ):
            mixed = torch.where(chosen, inside, outside)
            curve.append(class_probabilities(model, mixed, targets))
    return DeletionCurves(
        deletion=np.trapezoid(np.stack([ends.original, *deleted, ends.blurred]), SHARES, axis=0),
        insertion=np.trapezoid(np.stack([ends.blurred, *inserted, ends.original]), SHARES, axis=0),
    )


def class_probabilities(model: nn.Module, images: Tensor, targets: Tensor) -> np.ndarray:
    """The probability of each image's class, float32 (N,) in 0..1.

    Args:
        model: images to logits, in evaluation mode.
        images: normalized float32 (N, 3, H, W).
        targets: int64 (N,).
    """
    logits = forward_batches(model, images)
    return np.asarray(logits.softmax(dim=1).gather(1, targets[:, None])[:, 0].cpu())


def rank_cells(maps: np.ndarray, grid: int) -> np.ndarray:
    """Rank of every cell as a share of the cells, from 0 for the highest mean attribution.

    Args:
        maps: float (N, h, w).
        grid: cells per side, at most h and w.

    Returns:
        float32 (N, grid, grid) in 0..1, 1 excluded.
    """
    cells = pool(maps, grid).reshape(len(maps), -1)
    ties = np.random.default_rng(_SEED).permutation(cells.shape[1])
    order = np.stack([np.lexsort((ties, -row)) for row in cells])
    rank = np.empty(cells.shape, dtype=np.float32)
    shares = np.arange(cells.shape[1], dtype=np.float32) / cells.shape[1]
    np.put_along_axis(rank, order, np.broadcast_to(shares, cells.shape), axis=1)
    return rank.reshape(-1, grid, grid)


def pool(maps: np.ndarray, grid: int) -> np.ndarray:
    """Means of maps (N, h, w) over a grid of cells, float64 (N, grid, grid)."""
    return F.adaptive_avg_pool2d(torch.from_numpy(maps).double(), grid).numpy()
