"""Losses on soft targets: adding one is a file and a line here.

Every loss has the same signature and one definition of weighting, so that class weights, label
smoothing and mixed targets combine in any way. With targets t (N, C) and class weights w (C,):

    loss = sum_ic w_c t_ic l_ic / sum_ic w_c t_ic

where l_ic is the loss of calling picture i class c. For hard targets this is torch's weighted mean;
for mixed ones, torch would divide by N instead, and the scale of the loss would drift with the
classes that happen to be in a batch.
"""

from collections.abc import Callable

from torch import Tensor

from emotion.losses.cross_entropy import cross_entropy
from emotion.losses.focal import focal
from emotion.losses.ldam import ldam

# (logits (N, C), targets (N, C), class_weights (C,), class_counts (C,)) -> scalar
Loss = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]

LOSSES: dict[str, Loss] = {
    "cross_entropy": cross_entropy,
    "focal": focal,
    "ldam": ldam,
}
