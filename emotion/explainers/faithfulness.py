"""Do the maps point at what the prediction rests on? Two numbers that need no human eye.

Evidence share: on images whose expression was drawn, how much of the positive attribution lies
where it was drawn; a map that knows nothing scores the area of that place. Deletion (Petsiuk et
al., 2018): how fast the prediction goes when the places a map ranks highest are blurred away; a
map that knows nothing does as well as a random one.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.transforms.v2.functional import gaussian_blur

# All maps are ranked on this grid. On single pixels SHAP would win by scattering its blur into
# noise that no network has ever seen, while Grad-CAM can only remove blobs.
_GRID = 14
_STEPS = 10
_RANDOM_MAPS = 3
_SEED = 0


def evidence_shares(maps: np.ndarray, evidence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of positive attribution inside the evidence, and the evidence's share of the area.

    Args:
        maps: (N, H, W), positive speaks for the class.
        evidence: bool (N, H, W).

    Returns:
        Two arrays (N,), NaN in both where a map has nothing positive or an image no evidence.
    """
    positive = np.maximum(maps, 0).astype(np.float64)
    total = positive.sum(axis=(1, 2))
    area = evidence.mean(axis=(1, 2))
    defined = (total > 0) & (area > 0)
    inside = (positive * evidence).sum(axis=(1, 2))
    share = np.divide(inside, total, out=np.full(len(maps), math.nan), where=defined)
    return share, np.where(defined, area, math.nan)


@torch.no_grad()
def deletion_auc(model: nn.Module, images: Tensor, targets: Tensor, maps: np.ndarray) -> np.ndarray:
    """Mean probability of the class while an image is blurred, most important places first.

    Args:
        model: images to logits.
        images: normalized (N, 3, H, W).
        targets: the class whose probability is followed, (N,).
        maps: (N, h, w), the order of deletion; equal values in a fixed random order.

    Returns:
        Area under each curve over the blurred share of the image, (N,) in 0..1; low is good.
    """
    height, width = images.shape[-2:]
    grid = min(_GRID, height, width)
    rank = torch.from_numpy(_deletion_order(maps, grid)).to(images.device)
    rank = F.interpolate(rank[:, None], size=(height, width), mode="nearest")
    # Wide enough that no feature of a face survives it.
    sigma = min(height, width) / 8
    blurred = gaussian_blur(images, kernel_size=2 * int(2 * sigma) + 1, sigma=sigma)
    curve = []
    for step in range(_STEPS + 1):
        mixed = torch.where(rank < step / _STEPS, blurred, images)
        probabilities = model(mixed).softmax(dim=1)
        curve.append(probabilities.gather(1, targets[:, None])[:, 0].cpu().numpy())
    return np.trapezoid(np.stack(curve), dx=1 / _STEPS, axis=0)


def random_deletion_auc(model: nn.Module, images: Tensor, targets: Tensor) -> np.ndarray:
    """What random maps reach, mean of a few with a fixed seed, (N,): the baseline to beat."""
    rng = np.random.default_rng(_SEED)
    # One map for all images at a time, so that an image's number does not depend on the others.
    draws = [rng.random((1, _GRID, _GRID)) for _ in range(_RANDOM_MAPS)]
    maps = [np.repeat(draw, len(images), axis=0) for draw in draws]
    return np.mean([deletion_auc(model, images, targets, m) for m in maps], axis=0)


def _deletion_order(maps: np.ndarray, grid: int) -> np.ndarray:
    """Rank of every cell as a share, float32 (N, grid, grid): 0 is deleted first."""
    cells = F.adaptive_avg_pool2d(torch.from_numpy(maps).double(), grid).numpy()
    cells = cells.reshape(len(maps), -1)
    ties = np.random.default_rng(_SEED).permutation(cells.shape[1])
    order = np.stack([np.lexsort((ties, -row)) for row in cells])
    rank = np.empty(cells.shape, dtype=np.float32)
    shares = np.arange(cells.shape[1], dtype=np.float32) / cells.shape[1]
    np.put_along_axis(rank, order, np.broadcast_to(shares, cells.shape), axis=1)
    return rank.reshape(-1, grid, grid)
