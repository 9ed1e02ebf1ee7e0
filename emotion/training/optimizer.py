"""How a step changes the weights: AdamW over two learning rates, and their moving average (EMA)."""

import copy

import torch
from timm.utils import ModelEmaV3

from emotion.models.classifier import EmotionClassifier


def build_optimizer(
    model: EmotionClassifier, lr_backbone: float, lr_head: float, weight_decay: float
) -> torch.optim.AdamW:
    """One optimizer for the whole run, frozen backbone included.

    While frozen, the backbone's parameters have no gradient and AdamW skips them, so the head's
    momentum is kept when the backbone is unfrozen. Each group has the extra keys `part` (backbone
    or head) and `peak_lr` for `set_learning_rates`.

    Args:
        model: backbone and head.
        lr_backbone: peak rate of the backbone.
        lr_head: peak rate of the head.
        weight_decay: of matrices and kernels; norms and biases have none.
    """
    parts = (("backbone", model.backbone, lr_backbone), ("head", model.head, lr_head))
    groups = [
        {"params": parameters, "weight_decay": decay, "part": part, "peak_lr": lr}
        for part, module, lr in parts
        for decay, decayed in ((weight_decay, True), (0.0, False))
        if (parameters := [p for p in module.parameters() if (p.ndim > 1) == decayed])
    ]
    # The fused kernel is one pass over the parameters, on CPUs too.
    return torch.optim.AdamW(groups, lr=lr_head, fused=True)


def set_learning_rates(
    optimizer: torch.optim.Optimizer, backbone_factor: float, head_factor: float
) -> dict[str, float]:
    """Set the rate of each group to a factor of its peak; returns the rate of each part."""
    factors = {"backbone": backbone_factor, "head": head_factor}
    rates = dict.fromkeys(factors, 0.0)
    for group in optimizer.param_groups:
        group["lr"] = rates[group["part"]] = group["peak_lr"] * factors[group["part"]]
    return rates


class MovingAverage:
    """Exponential moving average of a classifier's parameters and buffers.

    Backbone and head are averaged separately: the average of a frozen backbone is the backbone
    itself, and leaving it out of the frozen epochs saves one pass over all weights and buffers per
    step.

    Args:
        model: the network to average.
        decay: reached by warm-up, which starts the average near the current weights; a constant
            0.999 over a few hundred steps would still hold the initialization.
    """

    def __init__(self, model: EmotionClassifier, decay: float):
        self.backbone = ModelEmaV3(model.backbone, decay, use_warmup=True)
        self.head = ModelEmaV3(model.head, decay, use_warmup=True)
        self.module = copy.deepcopy(model).eval()
        self.module.backbone, self.module.head = self.backbone.module, self.head.module

    def update(self, model: EmotionClassifier, step: int) -> None:
        """Move towards the model's weights after optimizer step number `step`, from 1."""
        self.head.update(model.head, step=step)
        if not model.frozen:
            self.backbone.update(model.backbone, step=step)
