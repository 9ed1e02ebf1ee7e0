"""MixUp and CutMix: blend a batch and its targets with a permutation of the batch.

At most one of them is applied per batch. MixUp: Zhang et al., "mixup: Beyond empirical risk
minimization", ICLR 2018; CutMix: Yun et al., "CutMix: Regularization strategy to train strong
classifiers with localizable features", ICCV 2019. The permutation is sampled for the whole batch,
so a micro-batch (of another process, or of another step of gradient accumulation) is blended
exactly as it would be within the whole batch.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Mix:
    """How one batch of N images is blended."""

    partner: np.ndarray  # index of the image with which each one is blended, (N,)
    share: float  # weight of the image itself, 0..1; that of its partner is 1 - share
    box: tuple[slice, slice] | None  # CutMix: rows and columns taken from the partner

    def targets(self, targets: Tensor) -> Tensor:
        """Blend the class probabilities of the whole batch, float32 (N, C), to the same shape."""
        return torch.lerp(targets[torch.from_numpy(self.partner)], targets, self.share)

    def views(self, own: Tensor, partners: Tensor) -> Tensor:
        """Blend the views of a micro-batch with those of their partners.

        Args:
            own: float32 (n, 3, H, W).
            partners: the views of the partners, of the same shape.

        Returns:
            (n, 3, H, W).
        """
        if self.box is None:
            return torch.lerp(partners, own, self.share)
        blended = own.clone()
        blended[:, :, *self.box] = partners[:, :, *self.box]
        return blended


def sample_mix(
    count: int,
    side: int,
    rng: np.random.Generator,
    mixup_alpha: float | None,
    cutmix_alpha: float | None,
) -> Mix | None:
    """Sample how a batch is blended; with both methods on, each applies to half of the batches.

    Args:
        count: images in the batch.
        side: of an image, pixels.
        rng: used for this batch only.
        mixup_alpha: the share is drawn from Beta(alpha, alpha); None turns the method off.
        cutmix_alpha: likewise.

    Returns:
        None if both methods are off.
    """
    both = (False, mixup_alpha), (True, cutmix_alpha)
    methods = [(is_cutmix, alpha) for is_cutmix, alpha in both if alpha is not None]
    if not methods:
        return None
    is_cutmix, alpha = methods[rng.integers(len(methods))]
    partner, share = rng.permutation(count), rng.beta(alpha, alpha)
    if not is_cutmix:
        return Mix(partner, share, None)
    center, half = rng.uniform(0, side, size=2), np.sqrt(1 - share) * side / 2
    low, high = np.clip([center - half, center + half], 0, side).astype(int)
    # One minus the area that is pasted, since the box is clipped at the border.
    share = float(1 - np.prod(high - low) / side**2)
    return Mix(partner, share, (slice(low[0], high[0]), slice(low[1], high[1])))
