"""MixUp and CutMix: a batch blended with a permutation of itself, targets blended likewise.

At most one of them acts on a batch. MixUp: Zhang et al., 2018; CutMix: Yun et al., 2019.
"""

import numpy as np
import torch
from torch import Tensor


def mix_batch(
    pictures: Tensor,
    targets: Tensor,
    rng: np.random.Generator,
    mixup_alpha: float | None,
    cutmix_alpha: float | None,
) -> tuple[Tensor, Tensor]:
    """Blend a batch; with both methods on, each takes half of the batches.

    Args:
        pictures: (N, 3, H, W).
        targets: class probabilities (N, C).
        rng: of this batch alone.
        mixup_alpha: of the Beta(alpha, alpha) that draws the share; None turns the method off.
        cutmix_alpha: likewise.

    Returns:
        The blended pictures and targets.
    """
    methods = [
        (method, alpha)
        for method, alpha in ((mixup, mixup_alpha), (cutmix, cutmix_alpha))
        if alpha is not None
    ]
    if not methods:
        return pictures, targets
    method, alpha = methods[rng.integers(len(methods))]
    partner = torch.from_numpy(rng.permutation(len(pictures))).to(pictures.device)
    return method(pictures, targets, partner, rng.beta(alpha, alpha), rng)


def mixup(
    pictures: Tensor, targets: Tensor, partner: Tensor, share: float, _: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """`share` of each picture and target, the rest from its partner."""
    pictures = torch.lerp(pictures[partner], pictures, share)
    return pictures, torch.lerp(targets[partner], targets, share)


def cutmix(
    pictures: Tensor, targets: Tensor, partner: Tensor, share: float, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Paste a box of area 1 - `share` from the partner; targets follow the area really pasted."""
    height, width = pictures.shape[-2:]
    side = np.sqrt(1 - share)
    y, x = rng.uniform(0, height), rng.uniform(0, width)
    top, bottom = np.clip([y - side * height / 2, y + side * height / 2], 0, height).astype(int)
    left, right = np.clip([x - side * width / 2, x + side * width / 2], 0, width).astype(int)
    pictures = pictures.clone()
    pictures[..., top:bottom, left:right] = pictures[partner][..., top:bottom, left:right]
    kept = 1 - (bottom - top) * (right - left) / (height * width)
    return pictures, torch.lerp(targets[partner], targets, kept)
