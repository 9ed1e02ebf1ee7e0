"""Losses on soft targets: adding one is a file and a line here.

A loss says what it costs to call each image each class, (logits (N, C), class counts (C,)) to
l (N, C). Weighting is defined once, so that class weights, label smoothing, soft labels and mixed
targets combine in any way. With targets t (N, C) and class weights w (C,):

    loss = sum_ic w_c t_ic l_ic / sum_ic w_c t_ic

For hard targets this is torch's weighted mean; for mixed ones torch would divide by N instead, and
the scale of the loss would drift with the classes that happen to be in a batch.
"""

from collections.abc import Callable

from torch import Tensor

from emotion.losses.cross_entropy import cross_entropy
from emotion.losses.focal import focal
from emotion.losses.ldam import ldam

Loss = Callable[[Tensor, Tensor], Tensor]

LOSSES: dict[str, Loss] = {
    "cross_entropy": cross_entropy,
    "focal": focal,
    "ldam": ldam,
}
