"""Choose the target layers of the Grad-CAM family: feature maps that resolve the parts of a face.

At 112 pixels the last map of most networks has 4 x 4 cells, each the size of a mouth and a cheek.
So the layer is the last one with at least MIN_CELLS cells per side. One rule covers all families,
instead of a table of names: timm's `feature_info` names the end of each stage, and the size of its
map is measured in one forward pass. Inside a stage, a residual connection would bypass the layer.

In a plain vision transformer the layers are the inputs of the attentions: after the last one, only
the class token reaches the head, and the gradients of all other tokens are zero.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from emotion.core.errors import UserError
from emotion.explanation.methods.attribution import NotApplicableError

MIN_CELLS = 7  # per side: the resolution of a last map at 224 pixels, where the family comes from
MAX_CELLS = 28  # a finer map shows edges rather than parts


@dataclass(frozen=True)
class TargetLayer:
    """A module to hook, its name in the backbone, and its output's conversion to (N, C, h, w)."""

    name: str
    module: nn.Module
    to_map: Callable[[Tensor], Tensor]
    cells: int  # of the map, along its shorter side


def find_layer(backbone: Any, image: Tensor, name: str = "") -> TargetLayer:
    """The layer of one map: the one of that name, or the last one with MIN_CELLS cells per side.

    Args:
        backbone: a timm model.
        image: one normalized image, float32 (1, 3, H, W), for one forward pass.
        name: of a module of the backbone; "" chooses.

    Raises:
        NotApplicableError: the backbone has neither feature maps nor a grid of tokens.
        UserError: no module has this name, or its output is not a map.
    """
    layers = list_layers(backbone, image, name)
    if name:
        return layers[name]
    # With a small image no layer may have enough: then the finest, and of equals the last.
    finest = max(reversed(layers.values()), key=lambda layer: layer.cells)
    return [*_at_least(MIN_CELLS, layers), finest][0]


def find_levels(backbone: Any, image: Tensor, name: str = "") -> list[TargetLayer]:
    """The layers of a map that is fused over scales: one per size, from MIN_CELLS to MAX_CELLS.

    Arguments and errors are those of `find_layer`.
    """
    if name:
        return [find_layer(backbone, image, name)]
    layers = list_layers(backbone, image)
    sizes = {layer.cells: layer for layer in reversed(_at_least(MIN_CELLS, layers))}
    levels = [layer for cells, layer in sizes.items() if cells <= MAX_CELLS]
    return levels or [find_layer(backbone, image)]


def list_layers(backbone: Any, image: Tensor, chosen: str = "") -> dict[str, TargetLayer]:
    """The candidate layers by name, from the first to the last.

    Arguments and errors are those of `find_layer`; the layer `chosen` is a candidate too.
    """
    blocks = getattr(backbone, "blocks", None)
    if blocks is not None and hasattr(blocks[-1], "norm1") and hasattr(backbone, "patch_embed"):
        layers = _list_attentions(backbone)
        candidates = list(layers)
    else:
        layers = _run_and_record(backbone, image)
        ends = {info["module"] for info in getattr(backbone, "feature_info", [])}
        candidates = [name for name in layers if name in ends]
        # The last map of all, unless it is the container of the stages.
        candidates += [
            name
            for name in list(layers)[-1:]
            if name not in ends and not any(end.startswith(f"{name}.") for end in ends)
        ]
    if not candidates:
        raise _no_map(backbone)
    if chosen and chosen not in layers:
        raise UserError(
            f"explain.target_layer is {chosen!r}, which is not a feature map of "
            f"{type(backbone).__name__}",
            f"choose one of {', '.join(candidates)}, or leave it empty",
            key="explain.target_layer",
        )
    return {name: layers[name] for name in layers if name in {*candidates, chosen}}


def _at_least(cells: int, layers: dict[str, TargetLayer]) -> list[TargetLayer]:
    """Those with enough cells, the last one first."""
    return [layer for layer in reversed(layers.values()) if layer.cells >= cells]


def _run_and_record(backbone: Any, image: Tensor) -> dict[str, TargetLayer]:
    """Every module whose output is a feature map, by name, in the order of the forward pass."""
    to_map = _from_channels_last if _is_channels_last(backbone) else _unchanged
    found: dict[str, TargetLayer] = {}

    def remember(name: str, module: nn.Module) -> Callable[..., None]:
        def hook(_module: nn.Module, _inputs: object, output: object) -> None:
            # Many networks have Identity placeholders between the last stage and the pooling.
            if isinstance(output, Tensor) and output.ndim == 4 and type(module) is not nn.Identity:
                found.pop(name, None)  # a module that is used twice counts at its last use
                found[name] = TargetLayer(name, module, to_map, min(to_map(output).shape[-2:]))

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
    return found if isinstance(features, Tensor) and features.ndim == 4 else {}


def _list_attentions(backbone: Any) -> dict[str, TargetLayer]:
    prefix = getattr(backbone, "num_prefix_tokens", 0)
    height, width = getattr(backbone.patch_embed, "grid_size", None) or (0, 0)
    if not height * width:
        raise _no_map(backbone)

    def to_map(tokens: Tensor) -> Tensor:
        if tokens.ndim != 3 or tokens.shape[1] != prefix + height * width:
            raise _no_map(backbone)
        return tokens[:, prefix:].transpose(1, 2).unflatten(2, (height, width))

    return {
        (name := f"blocks.{index}.norm1"): TargetLayer(
            name, block.norm1, to_map, min(height, width)
        )
        for index, block in enumerate(backbone.blocks)
    }


def _is_channels_last(backbone: Any) -> bool:
    return getattr(backbone, "output_fmt", "NCHW") == "NHWC"


def _unchanged(features: Tensor) -> Tensor:
    return features


def _from_channels_last(features: Tensor) -> Tensor:
    return features.permute(0, 3, 1, 2)


def _no_map(backbone: nn.Module) -> NotApplicableError:
    return NotApplicableError(
        f"it finds no feature map in {type(backbone).__name__}, which is neither convolutional nor "
        "a plain vision transformer"
    )
