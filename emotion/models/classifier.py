"""Backbone plus head: the network that every stage after `pretrained_weights` speaks of."""

import torch
from torch import nn

from emotion.models.backbones import feature_count

HEADS = ("deep", "linear")
_HIDDEN = 512
_DROPOUT = 0.3


class EmotionClassifier(nn.Module):
    """Logits of the classes: normalized images (N, 3, H, W) to (N, C).

    While the backbone is frozen it runs without autograd and in evaluation mode: no gradients, no
    moving BatchNorm statistics, no drop-path; its pass costs a quarter of a training step's.
    """

    def __init__(self, backbone: nn.Module, head: str, classes: int):
        super().__init__()
        self.backbone = backbone
        self.head = build_head(head, feature_count(backbone), classes)
        self.frozen = False

    def freeze_backbone(self, frozen: bool) -> None:
        """Freeze or unfreeze; takes effect at once, also on the current train/eval mode."""
        self.frozen = frozen
        self.backbone.requires_grad_(not frozen)
        self.train(self.training)

    def train(self, mode: bool = True) -> "EmotionClassifier":  # noqa: D102, as nn.Module
        super().train(mode)
        if self.frozen:
            self.backbone.eval()
        return self

    def forward(self, images: torch.Tensor) -> torch.Tensor:  # noqa: D102, see the class
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            features = self.backbone(images)
        return self.head(features)


def build_head(kind: str, features: int, classes: int) -> nn.Module:
    """A head on pooled features: `deep` is the recipe's, `linear` one layer.

    The recipe puts the same deep head on every backbone, so that a comparison of backbones
    compares nothing else.
    """
    assert kind in HEADS, kind
    if kind == "linear":
        return nn.Linear(features, classes)
    return nn.Sequential(
        nn.Linear(features, _HIDDEN),
        nn.ReLU(),
        nn.LayerNorm(_HIDDEN),
        nn.Dropout(_DROPOUT),
        nn.Linear(_HIDDEN, classes),
    )
