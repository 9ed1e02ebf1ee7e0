"""Focal loss (Lin et al., "Focal loss for dense object detection", ICCV 2017, equation 4).

It down-weights well-classified examples.
"""

from torch import Tensor

GAMMA = 2.0  # the paper's choice; 0 is cross-entropy


def focal(logits: Tensor, class_counts: Tensor, gamma: float = GAMMA) -> Tensor:  # noqa: ARG001
    """-(1 - p)^gamma log p of each class, (N, C); `class_counts` is not used.

    Args:
        logits: (N, C).
        class_counts: (C,).
        gamma: 0 or more.
    """
    log_p = logits.log_softmax(dim=1)
    return -((1 - log_p.exp()) ** gamma) * log_p
