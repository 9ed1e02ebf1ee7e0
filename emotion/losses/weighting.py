"""The weighted mean and the label smoothing that all losses share."""

from torch import Tensor


def weighted_mean(losses: Tensor, targets: Tensor, class_weights: Tensor) -> Tensor:
    """sum w t l / sum w t over pictures and classes; see the package's docstring.

    Args:
        losses: of calling picture i class c, (N, C).
        targets: class probabilities (N, C).
        class_weights: (C,).
    """
    weights = targets * class_weights
    return (weights * losses).sum() / weights.sum()


def smooth_targets(targets: Tensor, smoothing: float) -> Tensor:
    """Move a share `smoothing` of each row evenly to all classes (Szegedy et al., 2016)."""
    return targets * (1 - smoothing) + smoothing / targets.shape[1]
