"""The network that is trained: a timm backbone and a classification head."""

from typing import Self

import torch
from timm.models import group_parameters
from torch import Tensor, nn

from emotion.core.errors import UserError
from emotion.models.backbones import feature_count

HEADS = ("deep", "linear")
_HIDDEN = 512
_DROPOUT = 0.3


class EmotionClassifier(nn.Module):
    """Logits of the classes: normalized images (N, 3, H, W) to (N, C).

    A frozen backbone runs without autograd and in evaluation mode: no gradients, no update of
    BatchNorm statistics, no drop-path. Its pass costs a quarter of a training step. The same holds
    for the stages that `freeze_stages` names.
    """

    def __init__(self, backbone: nn.Module, head: str, classes: int):
        super().__init__()
        self.backbone = backbone
        self.head = build_head(head, feature_count(backbone), classes)
        self.frozen = False
        self.frozen_names: list[str] = []  # parameters of the backbone's frozen stages

    def to_device(self, device: str | torch.device) -> Self:
        """Move to a device, with convolution weights in channels_last: never slower, see amp.py."""
        return self.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def freeze_backbone(self, frozen: bool) -> None:
        """Freeze or unfreeze the backbone; its train/eval mode changes at once."""
        self.frozen = frozen
        self.backbone.requires_grad_(not frozen)
        for name in self.frozen_names:
            self.backbone.get_parameter(name).requires_grad_(False)
        self.train(self.training)

    def freeze_stages(self, count: int) -> None:
        """Freeze the first stages of the backbone; `freeze_backbone(False)` leaves them frozen.

        Early stages have the largest activations, so a step without them takes half the time, and
        what they detect, edges and textures, is the same for all faces.

        Args:
            count: of stages, as timm divides the backbone; the stem is the first.

        Raises:
            UserError: the backbone has no stages, or none would be left.
        """
        if not count:
            return
        stages = _stages_of(self.backbone)
        if count >= len(stages):
            raise UserError(
                f"train.freeze_stages is {count}, but {type(self.backbone).__name__} has "
                f"{len(stages)} stages, and one must be trained",
                f"set it to at most {max(len(stages) - 1, 0)}",
                key="train.freeze_stages",
            )
        self.frozen_names = [name for names in stages[:count] for name in names]
        self.freeze_backbone(self.frozen)

    def train(self, mode: bool = True) -> Self:  # noqa: D102, as nn.Module
        super().train(mode)
        for module in self.backbone.modules():
            parameters = list(module.parameters())
            if parameters and not any(parameter.requires_grad for parameter in parameters):
                module.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:  # noqa: D102, see the class
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            features = self.backbone(images)
        logits: Tensor = self.head(features)
        return logits


def build_head(kind: str, features: int, classes: int) -> nn.Module:
    """A head on pooled features (N, F), which gives logits (N, C).

    The recipe puts the same deep head on every backbone, so that a comparison of backbones
    compares nothing else.

    Args:
        kind: `deep` is the recipe's head of two linear layers, `linear` has one.
        features: F.
        classes: C.
    """
    assert kind in HEADS, kind
    if kind == "linear":
        return nn.Linear(features, classes)
    hidden = nn.Linear(features, _HIDDEN), nn.ReLU(), nn.LayerNorm(_HIDDEN), nn.Dropout(_DROPOUT)
    return nn.Sequential(*hidden, nn.Linear(_HIDDEN, classes))


def name_stages(model: EmotionClassifier) -> dict[str, list[str]]:
    """The parameters of each stage of the model, in the order of the backward pass.

    Returns:
        Stage to names of parameters, as in `model.named_parameters()`: `head`, then `stage N-1` to
        `stage 0`, the stem. A backbone that timm does not divide is one stage.
    """
    names = [name for name, _ in model.backbone.named_parameters()]
    stages = _stages_of(model.backbone) or [names]
    head = [f"head.{name}" for name, _ in model.head.named_parameters()]
    numbered = reversed(list(enumerate(stages)))
    return {"head": head} | {
        f"stage {index}": [f"backbone.{name}" for name in stage] for index, stage in numbered
    }


def _stages_of(backbone: nn.Module) -> list[list[str]]:
    """Names of the parameters of each stage, as timm divides the backbone, the stem first."""
    matcher = getattr(backbone, "group_matcher", None)
    groups = group_parameters(backbone, matcher(coarse=True)) if matcher else {}
    return [groups[index] for index in sorted(groups)]


def copy_state(model: nn.Module) -> dict[str, Tensor]:
    """A CPU copy of all weights and buffers, contiguous and detached."""
    return {
        name: tensor.detach().to("cpu", copy=True).contiguous()
        for name, tensor in model.state_dict().items()
    }
