"""The network of this pipeline: a timm backbone and a classification head."""

from typing import Self

import torch
from torch import Tensor, nn

from emotion.models.backbones import feature_count

HEADS = ("deep", "linear")
_HIDDEN = 512
_DROPOUT = 0.3


class EmotionClassifier(nn.Module):
    """Logits of the classes: normalized images (N, 3, H, W) to (N, C).

    A frozen backbone runs without autograd and in evaluation mode: no gradients, no update of
    BatchNorm statistics, no drop-path. Its pass costs a quarter of a training step.
    """

    def __init__(self, backbone: nn.Module, head: str, classes: int):
        super().__init__()
        self.backbone = backbone
        self.head = build_head(head, feature_count(backbone), classes)
        self.frozen = False

    def to_device(self, device: str | torch.device) -> Self:
        """Move to a device, with convolution weights in channels_last: never slower, see amp.py."""
        return self.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def freeze_backbone(self, frozen: bool) -> None:
        """Freeze or unfreeze; applies immediately, also to the current train/eval mode."""
        self.frozen = frozen
        self.backbone.requires_grad_(not frozen)
        self.train(self.training)

    def train(self, mode: bool = True) -> Self:  # noqa: D102, as nn.Module
        super().train(mode)
        if self.frozen:
            self.backbone.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:  # noqa: D102, see the class
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            features = self.backbone(images)
        logits: Tensor = self.head(features)
        return logits


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
