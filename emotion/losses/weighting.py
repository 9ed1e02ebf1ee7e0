"""The weighted mean and the label smoothing that all losses share."""

from torch import Tensor


def weighted_mean(
    losses: Tensor, targets: Tensor, class_weights: Tensor, total: Tensor | None = None
) -> Tensor:
    """sum w t l / sum w t over images and classes; see the package's docstring.

    Args:
        losses: of calling image i class c, (N, C).
        targets: class probabilities (N, C).
        class_weights: (C,).
        total: the denominator, where these images are a part of a batch; None takes theirs.
    """
    weights = targets * class_weights
    return (weights * losses).sum() / (weights.sum() if total is None else total)


def smooth_targets(targets: Tensor, smoothing: float) -> Tensor:
    """Move a share `smoothing` of each row evenly to all classes (Szegedy et al., 2016)."""
    return targets * (1 - smoothing) + smoothing / targets.shape[1]
