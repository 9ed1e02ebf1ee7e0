"""Focal loss (Lin et al., 2017): images already called with confidence count less."""

from torch import Tensor

GAMMA = 2.0  # the paper's choice; 0 is cross-entropy


def focal(logits: Tensor, class_counts: Tensor, gamma: float = GAMMA) -> Tensor:
    """-(1 - p)^gamma log p of each class; the counts are not used."""
    del class_counts
    log_p = logits.log_softmax(dim=1)
    return -((1 - log_p.exp()) ** gamma) * log_p
