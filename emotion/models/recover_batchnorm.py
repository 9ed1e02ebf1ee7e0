"""Recover BatchNorm statistics for weights that were published without them.

Converters for inference fuse BatchNorm with the convolution before it. The output of such a network
is the same, but it cannot be trained: its BatchNorms have no statistics of its activations, so the
first training step, which normalizes by those of the batch, gives other outputs. Here the
statistics are measured on training images, and weight and bias compensate: in evaluation mode the
output stays the same.
"""

import torch
from torch import Tensor, nn


@torch.no_grad()
def recover_batchnorm(network: nn.Module, views: Tensor) -> None:
    """Set the statistics of each BatchNorm to those of its input; the outputs stay the same.

    With the input's mean m and variance v, and the gain g = weight / sqrt(running_var + eps), the
    new weight is g sqrt(v + eps), the new bias bias + g (m - running_mean).

    Args:
        network: changed in place; its mode is kept.
        views: normalized training images, float32 (N, 3, H, W); some hundred are enough.
    """
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    hooks = [norm.register_forward_pre_hook(_measure) for norm in norms]
    was_training = network.training
    try:
        network.eval()(views)
    finally:
        network.train(was_training)
        for hook in hooks:
            hook.remove()


def _measure(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    """Replace the statistics of a BatchNorm by those of its input, and compensate.

    A constant channel gets the variance 0, and a weight that is nearly 0.
    """
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    mean, old_mean = inputs[0].double().mean((0, 2, 3)), norm.running_mean.double()
    variance = inputs[0].double().var((0, 2, 3))
    gain = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    norm.weight.copy_(gain * (variance + norm.eps).sqrt())
    norm.bias.copy_(norm.bias.double() + gain * (mean - old_mean))
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
