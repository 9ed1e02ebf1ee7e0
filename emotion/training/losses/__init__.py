"""Losses on soft targets. To add one, add a file and an entry in LOSSES.

A loss maps logits, float32 (N, C), and class counts, float32 (C,), to l, float32 (N, C): the loss
of each image for each class as its target. Weighting is defined once, in `weighting`, so class
weights, label smoothing, soft labels and mixed targets can be combined freely. With targets t
(N, C) and class weights w (C,):

    loss = sum_ic w_c t_ic l_ic / sum_ic w_c t_ic

For hard targets this is torch's weighted mean. For mixed targets torch divides by N instead, so
the scale of its loss depends on which classes happen to be in the batch.
"""

from collections.abc import Callable

from torch import Tensor

from emotion.training.losses.cross_entropy import cross_entropy
from emotion.training.losses.focal import focal
from emotion.training.losses.ldam import ldam
from emotion.training.losses.logit_adjusted import logit_adjusted

Loss = Callable[[Tensor, Tensor], Tensor]

LOSSES: dict[str, Loss] = {
    "cross_entropy": cross_entropy,
    "focal": focal,
    "ldam": ldam,
    "logit_adjusted": logit_adjusted,
}
