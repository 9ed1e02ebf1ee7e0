"""Deletion and insertion (Petsiuk et al., "RISE", 2018), and the order of the pixels for both.

Deletion: how fast the probability of the class falls when the image is blurred, cells with the
highest attribution first. Insertion: how fast it rises when the blurred image becomes sharp in the
same order. quantus.PixelFlipping computes the first, for one image and step at a time; here one
blurred copy serves all steps, each step is one batch, and both curves share their ends.
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


class Curves(NamedTuple):
    """Mean probabilities of the class along both curves, (N,) in 0..1."""

    deletion: np.ndarray  # lower is better
    insertion: np.ndarray  # higher is better


@dataclass(frozen=True, kw_only=True)
class Ends:
    """Both ends of the curves, which do not depend on a map, so they are computed once."""

    blurred: Tensor  # the images without any facial feature, (N, 3, H, W)
    sharp: np.ndarray  # probability of the class in the image, (N,)
    blank: np.ndarray  # probability of the class in the blurred image, (N,)

    def head(self, count: int) -> "Ends":
        """Those of the first images."""
        return Ends(
            blurred=self.blurred[:count], sharp=self.sharp[:count], blank=self.blank[:count]
        )


def find_ends(model: nn.Module, images: Tensor, targets: Tensor, sharp: np.ndarray) -> Ends:
    """Blur the images, and score them; `sharp` is of Ends, the rest of `delete_and_insert`."""
    blurred = remove_features(images)
    return Ends(blurred=blurred, sharp=sharp, blank=class_probabilities(model, blurred, targets))


def delete_and_insert(
    model: nn.Module, images: Tensor, targets: Tensor, maps: np.ndarray, ends: Ends
) -> Curves:
    """Areas under the curves of deletion and insertion.

    Args:
        model: images to logits.
        images: normalized (N, 3, H, W).
        targets: the class of the probability, (N,).
        maps: (N, h, w), the order; equal values in a fixed random order.
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
            (deleted, ends.blurred, images),
            (inserted, images, ends.blurred),
        ):
            mixed = torch.where(chosen, inside, outside)
            curve.append(class_probabilities(model, mixed, targets))
    return Curves(
        deletion=np.trapezoid(np.stack([ends.sharp, *deleted, ends.blank]), SHARES, axis=0),
        insertion=np.trapezoid(np.stack([ends.blank, *inserted, ends.sharp]), SHARES, axis=0),
    )


def class_probabilities(model: nn.Module, images: Tensor, targets: Tensor) -> np.ndarray:
    """The probability of each image's class, (N,)."""
    logits = forward_batches(model, images)
    return np.asarray(logits.softmax(dim=1).gather(1, targets[:, None])[:, 0].cpu())


def rank_cells(maps: np.ndarray, grid: int) -> np.ndarray:
    """Rank of every cell as a share, float32 (N, grid, grid): 0 is the most important one."""
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
