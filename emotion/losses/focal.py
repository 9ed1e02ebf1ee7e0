"""Focal loss (Lin et al., 2017): pictures already called with confidence count less."""

from torch import Tensor

from emotion.losses.weighting import weighted_mean

GAMMA = 2.0  # the paper's choice; 0 is cross-entropy


def focal(
    logits: Tensor,
    targets: Tensor,
    class_weights: Tensor,
    class_counts: Tensor,
    gamma: float = GAMMA,
) -> Tensor:
    """-(1 - p)^gamma log p of each class, weighted; the counts are not used."""
    del class_counts
    log_p = logits.log_softmax(dim=1)
    return weighted_mean(-((1 - log_p.exp()) ** gamma) * log_p, targets, class_weights)
