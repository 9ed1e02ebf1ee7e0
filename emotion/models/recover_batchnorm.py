"""BatchNorm statistics for weights that were published without them.

Converters for inference fold BatchNorm into the convolution before it. Such a network computes the
same, but does not train: its BatchNorms hold no statistics of its activations, so the first step of
training, which uses those of the batch, computes something else. Here the statistics are measured
on training images, and weight and bias compensate: in evaluation mode the output stays the same.
"""

import torch
from torch import Tensor, nn


@torch.no_grad()
def unfold_norms(network: nn.Module, views: Tensor) -> None:
    """Give each BatchNorm the mean and variance of its input; the network computes the same.

    Args:
        network: changed in place; its mode is kept.
        views: normalized training images (N, 3, H, W); some hundred are enough.
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
