"""Cross-entropy on soft targets."""

from torch import Tensor


def cross_entropy(logits: Tensor, class_counts: Tensor) -> Tensor:
    """-log p of each class; the counts are not used."""
    del class_counts
    return -logits.log_softmax(dim=1)
