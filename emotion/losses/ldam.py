"""LDAM (Cao et al., 2019): rare classes get a wider margin.

The paper scales the logits of a normalized classifier by 30. Ours are not normalized, so the
margins are in units of logits and nothing is scaled. The paper defers the class weights to the last
fifth of the epochs: that is `reweight_from`, which works with every loss.
"""

import torch
from torch import Tensor

MAX_MARGIN = 0.5  # of the rarest class; the paper's choice


def ldam(logits: Tensor, class_counts: Tensor, max_margin: float = MAX_MARGIN) -> Tensor:
    """Cross-entropy after each class's logit is lowered by its margin where it is the answer.

    The margin of class c is proportional to count_c ** -1/4 (equation 13), the largest
    `max_margin`. In l_ic only the logit of c is lowered, so mixed targets keep their meaning.
    """
    margins = class_counts.clamp(min=1) ** -0.25
    margins = margins * (max_margin / margins.max())
    log_p = logits.log_softmax(dim=1)
    # -log softmax_c with z_c replaced by z_c - m_c: the sum of exponentials shrinks by p_c's loss.
    return margins - log_p + torch.log1p(log_p.exp() * torch.expm1(-margins))
