"""Combine losses with targets and class weights: weighted mean and label smoothing."""

from torch import Tensor


def weighted_mean(
    losses: Tensor, targets: Tensor, class_weights: Tensor, total: Tensor | None = None
) -> Tensor:
    """sum w t l / sum w t over images and classes; see the docstring of `emotion.training.losses`.

    Args:
        losses: of each image for each class, float32 (N, C).
        targets: class probabilities, float32 (N, C).
        class_weights: float32 (C,), above 0.
        total: the denominator of the whole batch, a scalar, if these images are a part of one;
            None sums over these images.

    Returns:
        A scalar.
    """
    weights = targets * class_weights
    return (weights * losses).sum() / (weights.sum() if total is None else total)


def smooth_targets(targets: Tensor, smoothing: float) -> Tensor:
    """Move a share `smoothing` of each row evenly to all classes.

    Szegedy et al., "Rethinking the Inception architecture", CVPR 2016, section 7.

    Args:
        targets: class probabilities (N, C).
        smoothing: 0 or more, below 1.
    """
    return targets * (1 - smoothing) + smoothing / targets.shape[1]
