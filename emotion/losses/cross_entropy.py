"""Cross-entropy on soft targets."""

from torch import Tensor

from emotion.losses.weighting import weighted_mean


def cross_entropy(
    logits: Tensor, targets: Tensor, class_weights: Tensor, class_counts: Tensor
) -> Tensor:
    """-log p of each class, weighted; the counts are not used."""
    del class_counts
    return weighted_mean(-logits.log_softmax(dim=1), targets, class_weights)
