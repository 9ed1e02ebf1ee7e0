"""Focal loss (Lin et al., 2017): down-weights well-classified examples."""

from torch import Tensor

GAMMA = 2.0  # the paper's choice; 0 is cross-entropy


def focal(
    logits: Tensor,
    class_counts: Tensor,  # noqa: ARG001
    gamma: float = GAMMA,
) -> Tensor:
    """-(1 - p)^gamma log p of each class; `class_counts` is not used."""
    log_p = logits.log_softmax(dim=1)
    return -((1 - log_p.exp()) ** gamma) * log_p
