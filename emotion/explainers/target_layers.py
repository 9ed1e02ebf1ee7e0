"""The layer that Grad-CAM hooks: the last feature map with spatial dimensions.

One rule covers every family of convolutional networks, instead of a table of names: run
`forward_features` once and take the last module whose output is a feature map. That is `layer4` of
a ResNet, `stages` of a ConvNeXt, `bn2` of an EfficientNet. A transformer has tokens instead; there
it is the input of the last attention, because after it only the class token reaches the head and
the gradients of all other tokens are zero.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from emotion.explainers.attribution import NotApplicableError


@dataclass(frozen=True)
class TargetLayer:
    """A module to hook, its name in the backbone, and its output's conversion to (N, C, h, w)."""

    name: str
    module: nn.Module
    to_map: Callable[[Tensor], Tensor]


def find_target_layer(backbone: Any, image: Tensor) -> TargetLayer:
    """Find the layer for Grad-CAM.

    Args:
        backbone: a timm model.
        image: one normalized image (1, 3, H, W), for one forward pass.

    Raises:
        NotApplicableError: the backbone ends neither in a feature map nor in a grid of tokens.
    """
    blocks = getattr(backbone, "blocks", None)
    if blocks is not None and hasattr(blocks[-1], "norm1") and hasattr(backbone, "patch_embed"):
        return _last_attention(backbone)
    last_map: tuple[str, nn.Module] | None = None

    def remember(name: str, module: nn.Module) -> Callable[..., None]:
        def hook(_module: nn.Module, _inputs: object, output: object) -> None:
            nonlocal last_map
            # Many networks have Identity placeholders between the last stage and the pooling.
            if _is_map(output) and type(module) is not nn.Identity:
                last_map = name, module

        return hook

    handles = [
        module.register_forward_hook(remember(name, module))
        for name, module in backbone.named_modules()
        if name
    ]
    try:
        with torch.no_grad():
            features = backbone.forward_features(image)
    finally:
        for handle in handles:
            handle.remove()
    if last_map is None or not _is_map(features):
        raise _no_map(backbone)
    channels_last = getattr(backbone, "output_fmt", "NCHW") == "NHWC"
    return TargetLayer(*last_map, _from_channels_last if channels_last else _unchanged)


def _last_attention(backbone: Any) -> TargetLayer:
    prefix = getattr(backbone, "num_prefix_tokens", 0)
    height, width = getattr(backbone.patch_embed, "grid_size", None) or (0, 0)
    if not height * width:
        raise _no_map(backbone)

    def to_map(tokens: Tensor) -> Tensor:
        if tokens.ndim != 3 or tokens.shape[1] != prefix + height * width:
            raise _no_map(backbone)
        return tokens[:, prefix:].transpose(1, 2).unflatten(2, (height, width))

    index = len(backbone.blocks) - 1
    return TargetLayer(f"blocks.{index}.norm1", backbone.blocks[-1].norm1, to_map)


def _is_map(output: object) -> bool:
    return isinstance(output, Tensor) and output.ndim == 4


def _unchanged(features: Tensor) -> Tensor:
    return features


def _from_channels_last(features: Tensor) -> Tensor:
    return features.permute(0, 3, 1, 2)


def _no_map(backbone: nn.Module) -> NotApplicableError:
    return NotApplicableError(
        f"it finds no feature map in {type(backbone).__name__}, which is neither convolutional nor "
        "a plain vision transformer"
    )
