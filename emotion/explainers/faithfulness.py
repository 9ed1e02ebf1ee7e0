"""Faithfulness metrics of attribution maps: evidence share and deletion AUC.

Evidence share: on images whose expression was drawn, the share of the positive attribution inside
the mask of that expression. A map without information scores the area of the mask.
Deletion (Petsiuk et al., 2018): how fast the probability of the class falls when the image is
blurred, cells with the highest attribution first. A map without information scores as a random one.

ROAD (Rong et al., 2022; in pytorch_grad_cam) fills removed pixels by noisy linear imputation
instead: it solves a sparse linear system for each image and step, where here one blurred copy
serves all steps and each step is one batched forward pass.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.transforms.v2.functional import gaussian_blur

# All maps are ranked on this grid. On single pixels, SHAP would win by scattering its blur into
# noise that is out of distribution for any network, while Grad-CAM can only remove blobs.
_GRID = 14
_STEPS = 10
_RANDOM_MAPS = 3
_SEED = 0


def evidence_shares(maps: np.ndarray, evidence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of positive attribution inside the evidence, and the evidence's share of the area.

    Args:
        maps: (N, H, W), positive values support the class.
        evidence: bool (N, H, W).

    Returns:
        Two arrays (N,), NaN in both if a map has no positive value or an image has no evidence.
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
    """Mean probability of the class while an image is blurred, most important cells first.

    Args:
        model: images to logits.
        images: normalized (N, 3, H, W).
        targets: the class of the probability, (N,).
        maps: (N, h, w), the order of deletion; equal values in a fixed random order.

    Returns:
        Area under each curve over the blurred share of the image, (N,) in 0..1; lower is better.
    """
    height, width = images.shape[-2:]
    grid = min(_GRID, height, width)
    rank = torch.from_numpy(_deletion_order(maps, grid)).to(images.device)
    rank = F.interpolate(rank[:, None], size=(height, width), mode="nearest")
    # Wide enough to remove every facial feature.
    sigma = min(height, width) / 8
    blurred = gaussian_blur(images, kernel_size=2 * int(2 * sigma) + 1, sigma=sigma)
    curve = []
    for step in range(_STEPS + 1):
        mixed = torch.where(rank < step / _STEPS, blurred, images)
        probabilities = model(mixed).softmax(dim=1)
        curve.append(probabilities.gather(1, targets[:, None])[:, 0].cpu().numpy())
    return np.asarray(np.trapezoid(np.stack(curve), dx=1 / _STEPS, axis=0))


def random_deletion_auc(model: nn.Module, images: Tensor, targets: Tensor) -> np.ndarray:
    """The chance level of `deletion_auc`: mean over a few random maps with a fixed seed, (N,)."""
    rng = np.random.default_rng(_SEED)
    # Each map is used for all images, so the result of an image does not depend on the others.
    sampled = [rng.random((1, _GRID, _GRID)) for _ in range(_RANDOM_MAPS)]
    maps = [np.repeat(sample, len(images), axis=0) for sample in sampled]
    return np.asarray(np.mean([deletion_auc(model, images, targets, m) for m in maps], axis=0))


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
