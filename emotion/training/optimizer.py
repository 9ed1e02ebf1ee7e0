"""AdamW over two learning rates, without weight decay on norms and biases."""

from typing import Any

import torch
from timm.optim import param_groups_layer_decay
from torch import nn

from emotion.models.classifier import EmotionClassifier


def build_optimizer(
    model: EmotionClassifier,
    lr_backbone: float,
    lr_head: float,
    weight_decay: float,
    layer_decay: float = 1.0,
) -> torch.optim.AdamW:
    """One optimizer for the whole run, frozen backbone included.

    While frozen, the backbone's parameters have no gradient and AdamW skips them, so the head's
    momentum is kept when the backbone is unfrozen. Each group has the extra keys `part` (backbone
    or head) and `peak_lr` for `set_learning_rates`.

    Args:
        model: backbone and head.
        lr_backbone: peak rate of the backbone's last block.
        lr_head: peak rate of the head.
        weight_decay: of matrices and kernels.
        layer_decay: the rate of each block is this times the rate of the next one (Clark et al.,
            2020); 1 gives all blocks the same rate.
    """
    if layer_decay == 1:
        backbone = _two_groups(model.backbone, weight_decay)
    else:
        backbone = param_groups_layer_decay(model.backbone, weight_decay, layer_decay=layer_decay)
    top = max(group.get("lr_scale", 1.0) for group in backbone)
    groups = [
        {
            "params": group["params"],
            "weight_decay": group["weight_decay"],
            "part": part,
            "peak_lr": lr * group.get("lr_scale", top) / top,
        }
        for part, lr, found in (
            ("backbone", lr_backbone, backbone),
            ("head", lr_head, _two_groups(model.head, weight_decay)),
        )
        for group in found
    ]
    # The fused kernel is one pass over the parameters, on CPUs too.
    return torch.optim.AdamW([g for g in groups if g["params"]], lr=lr_head, fused=True)


def set_learning_rates(
    optimizer: torch.optim.Optimizer, backbone_factor: float, head_factor: float
) -> dict[str, float]:
    """Set the rate of each group to a factor of its peak; returns the highest rate per part."""
    factors = {"backbone": backbone_factor, "head": head_factor}
    rates = dict.fromkeys(factors, 0.0)
    for group in optimizer.param_groups:
        group["lr"] = group["peak_lr"] * factors[group["part"]]
        rates[group["part"]] = max(rates[group["part"]], group["lr"])
    return rates


def _two_groups(module: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    return [
        {"params": [p for p in module.parameters() if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in module.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
