"""Where Grad-CAM reads a backbone: the last feature map that still knows where things are.

Convolutional nets of every family are served by one rule instead of a table of names: run
`forward_features` once and take the last module whose output is a map. That is `layer4` of a
ResNet, `stages` of a ConvNeXt, `bn2` of an EfficientNet. A transformer has tokens instead of a
map; there it is the input of the last attention, since after it only the class token reaches the
head and the gradients of all other tokens are zero.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from emotion.core.errors import UserError


@dataclass(frozen=True)
class TargetLayer:
    """A module to hook, its name in the backbone, and how to see its output as (N, C, h, w)."""

    name: str
    module: nn.Module
    to_map: Callable[[Tensor], Tensor]


def find_target_layer(backbone: nn.Module, image: Tensor) -> TargetLayer:
    """The layer for Grad-CAM.

    Args:
        backbone: a timm model.
        image: one normalized image (1, 3, H, W); it is run once.

    Raises:
        UserError: the backbone ends in neither a feature map nor a grid of tokens.
    """
    blocks = getattr(backbone, "blocks", None)
    if blocks is not None and hasattr(blocks[-1], "norm1") and hasattr(backbone, "patch_embed"):
        return _last_attention(backbone)
    last_map = None

    def remember(name: str, module: nn.Module) -> Callable:
        def hook(_module: nn.Module, _inputs: tuple, output: object) -> None:
            nonlocal last_map
            # Identity placeholders stand between the stages and the pooling of many nets.
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


def _last_attention(backbone: nn.Module) -> TargetLayer:
    prefix = getattr(backbone, "num_prefix_tokens", 0)
    height, width = backbone.patch_embed.grid_size

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


def _no_map(backbone: nn.Module) -> UserError:
    return UserError(
        f"Grad-CAM finds no feature map in {type(backbone).__name__}, which is neither "
        "convolutional nor a plain vision transformer; leave grad_cam and grad_cam_plus_plus "
        "out of explain.methods in params.yaml."
    )
