"""MixUp and CutMix: a batch blended with a permutation of itself, targets blended likewise.

At most one of them acts on a batch. MixUp: Zhang et al., 2018; CutMix: Yun et al., 2019. What is
blended with what is drawn for the whole batch, so that a part of it (on another process, or in
another step of gradient accumulation) is blended as the whole would be.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Mix:
    """How one batch of N images is blended."""

    partner: np.ndarray  # of each image, (N,)
    share: float  # of the image itself; the rest is its partner's
    box: tuple[slice, slice] | None  # CutMix: rows and columns taken from the partner

    def targets(self, targets: Tensor) -> Tensor:
        """Class probabilities (N, C) of the whole batch, blended."""
        return torch.lerp(targets[torch.from_numpy(self.partner)], targets, self.share)

    def views(self, own: Tensor, partners: Tensor) -> Tensor:
        """Images (n, 3, H, W) of a part of the batch, blended with those of their partners."""
        if self.box is None:
            return torch.lerp(partners, own, self.share)
        blended = own.clone()
        blended[:, :, *self.box] = partners[:, :, *self.box]
        return blended


def draw_mix(
    count: int,
    side: int,
    rng: np.random.Generator,
    mixup_alpha: float | None,
    cutmix_alpha: float | None,
) -> Mix | None:
    """Draw how a batch is blended; with both methods on, each takes half of the batches.

    Args:
        count: images in the batch.
        side: of an image, pixels.
        rng: of this batch alone.
        mixup_alpha: of the Beta(alpha, alpha) that draws the share; None turns the method off.
        cutmix_alpha: likewise.
    """
    methods = [
        (cuts, alpha)
        for cuts, alpha in ((False, mixup_alpha), (True, cutmix_alpha))
        if alpha is not None
    ]
    if not methods:
        return None
    cuts, alpha = methods[rng.integers(len(methods))]
    partner, share = rng.permutation(count), rng.beta(alpha, alpha)
    if not cuts:
        return Mix(partner, share, None)
    center, half = rng.uniform(0, side, size=2), np.sqrt(1 - share) * side / 2
    low, high = np.clip([center - half, center + half], 0, side).astype(int)
    # The share of the area really pasted, for the box is cut off at the border.
    share = 1 - np.prod(high - low) / side**2
    return Mix(partner, float(share), (slice(low[0], high[0]), slice(low[1], high[1])))
