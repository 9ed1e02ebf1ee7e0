"""LDAM loss (Cao et al., "Label-distribution-aware margin loss", NeurIPS 2019).

Rare classes get larger margins.

The paper scales the logits of a normalized classifier by 30. This classifier is not normalized, so
the margins are in units of the logits and there is no scale. The paper also defers the class
weights to the last fifth of the epochs; `reweight_from` does that here, for every loss.
"""

import torch
from torch import Tensor

MAX_MARGIN = 0.5  # of the rarest class; the paper's choice


def ldam(logits: Tensor, class_counts: Tensor, max_margin: float = MAX_MARGIN) -> Tensor:
    """Cross-entropy with the target's logit lowered by the margin of its class.

    The margin of class c is proportional to count_c ** -1/4 (equation 13); the largest is
    `max_margin`. l_ic lowers the logit of c only, so mixed targets remain well-defined.

    Args:
        logits: (N, C).
        class_counts: training images of each class, (C,); 0 counts as 1.
        max_margin: in units of the logits, 0 or more.

    Returns:
        (N, C), the loss of each image for each class as its target.
    """
    margins = class_counts.clamp(min=1) ** -0.25
    margins = margins * (max_margin / margins.max())
    log_p = logits.log_softmax(dim=1)
    # -log softmax_c with z_c replaced by z_c - m_c; log1p corrects the sum of the exponentials.
    return margins - log_p + torch.log1p(log_p.exp() * torch.expm1(-margins))
