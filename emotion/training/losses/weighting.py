"""Weighted mean and label smoothing, shared by all losses."""

from torch import Tensor


def weighted_mean(
    losses: Tensor, targets: Tensor, class_weights: Tensor, total: Tensor | None = None
) -> Tensor:
    """sum w t l / sum w t over images and classes; see the docstring of `emotion.training.losses`.

    Args:
        losses: of each image for each class, (N, C).
        targets: class probabilities (N, C).
        class_weights: (C,).
        total: the denominator of the whole batch, if these images are a part of one; None sums
            over these images.
    """
    weights = targets * class_weights
    return (weights * losses).sum() / (weights.sum() if total is None else total)


def smooth_targets(targets: Tensor, smoothing: float) -> Tensor:
    """Move a share `smoothing` of each row evenly to all classes (Szegedy et al., 2016)."""
    return targets * (1 - smoothing) + smoothing / targets.shape[1]
