"""AdamW over two learning rates, without weight decay on norms and biases."""

import torch

from emotion.models.classifier import EmotionClassifier


def build_optimizer(
    model: EmotionClassifier, lr_backbone: float, lr_head: float, weight_decay: float
) -> torch.optim.AdamW:
    """One optimizer for the whole run, frozen backbone included.

    While frozen, the backbone's parameters have no gradient and AdamW passes them over, so the
    head's momentum survives the moment at which the backbone joins. Each group carries `part`
    (backbone or head) and `peak_lr` for `set_learning_rates`.
    """
    groups = []
    for part, module, lr in (
        ("backbone", model.backbone, lr_backbone),
        ("head", model.head, lr_head),
    ):
        decayed = [p for p in module.parameters() if p.ndim > 1]
        plain = [p for p in module.parameters() if p.ndim <= 1]
        groups += [
            {"params": decayed, "weight_decay": weight_decay, "part": part, "peak_lr": lr},
            {"params": plain, "weight_decay": 0.0, "part": part, "peak_lr": lr},
        ]
    # The fused kernel is one pass over the parameters, on CPUs too.
    return torch.optim.AdamW([g for g in groups if g["params"]], lr=lr_head, fused=True)


def set_learning_rates(
    optimizer: torch.optim.Optimizer, backbone_share: float, head_share: float
) -> dict[str, float]:
    """Set each group to its share of its peak; returns the rates by part."""
    shares = {"backbone": backbone_share, "head": head_share}
    for group in optimizer.param_groups:
        group["lr"] = group["peak_lr"] * shares[group["part"]]
    return {group["part"]: group["lr"] for group in optimizer.param_groups}
