"""Test-time flip: the mean logits of an image and its mirror image.

Both show the same expression, and the errors of the network on them differ a little. It doubles the
time of a prediction. Logits are averaged, not probabilities, so that a temperature can divide them.
"""

import torch
from torch import Tensor, nn


class FlipAverage(nn.Module):
    """Logits of normalized images (N, 3, H, W), averaged over both views in one pass, (N, C)."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:  # noqa: D102, see the class
        views = torch.cat([images, images.flip(3)])
        logits: Tensor = self.model(views.contiguous(memory_format=torch.channels_last))
        return logits.unflatten(0, (2, -1)).mean(0)


def average_flips(model: nn.Module, flip: bool) -> nn.Module:
    """The model itself, or with `flip` its average over both views, in the same mode."""
    return FlipAverage(model).train(model.training) if flip else model
