"""BatchNorm folded into the convolution before it: the same network, half as fast again on CPUs.

In evaluation mode BatchNorm is a linear map per channel, so the convolution can do it. What is
folded cannot be trained; `folded_norms.py` goes the other way. torch.fx.experimental.optimization
folds only networks that can be traced, and none whose norms contain their activation, as timm's do.
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from emotion.models.classifier import EmotionClassifier

_TOLERANCE = 1e-3  # of logits: float32 differs by less than a hundredth of it


def fold_norms(model: EmotionClassifier, img_size: int) -> EmotionClassifier:
    """A copy in evaluation mode, with each BatchNorm that follows a convolution folded into it.

    Names of modules stay: in place of a norm is its activation, or nothing.

    Args:
        model: not modified.
        img_size: side of its input, pixels.

    Returns:
        The folded copy; a plain copy if the folded one computes something else, as a network does
        that computes its convolution weights anew in each pass, or uses them twice.
    """
    model = copy.deepcopy(model).eval()
    image = torch.rand(1, 3, img_size, img_size, generator=torch.Generator().manual_seed(0))
    folded = copy.deepcopy(model)
    for conv_name, norm_name in _find_pairs(folded, image):
        conv, norm = folded.get_submodule(conv_name), folded.get_submodule(norm_name)
        assert isinstance(conv, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        folded.set_submodule(conv_name, fuse_conv_bn_eval(conv, norm))
        # timm's BatchNormAct2d contains its activation.
        folded.set_submodule(norm_name, nn.Sequential(*norm.children()))
    with torch.no_grad():
        same = torch.allclose(folded(image), model(image), rtol=_TOLERANCE, atol=_TOLERANCE)
    return folded if same else model


def _find_pairs(model: nn.Module, image: Tensor) -> list[tuple[str, str]]:
    """Names of convolutions and of the BatchNorms whose input is their output."""
    outputs: list[tuple[str, Tensor]] = []
    pairs: list[tuple[str, str]] = []
    names: dict[nn.Module, str] = {
        module: name
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv2d | nn.BatchNorm2d)
    }

    def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if isinstance(module, nn.Conv2d):
            outputs.append((names[module], output))
        else:
            pairs.extend((name, names[module]) for name, made in outputs if made is inputs[0])

    handles = [module.register_forward_hook(hook) for module in names]
    try:
        with torch.no_grad():
            model(image)
    finally:
        for handle in handles:
            handle.remove()
    return pairs
