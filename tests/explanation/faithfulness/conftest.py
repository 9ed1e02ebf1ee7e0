"""A network whose evidence is known."""

import torch
from torch import nn


class LeftTexture(nn.Module):
    """The probability of class 1 increases with the contrast of the left half."""

    def forward(self, images):
        contrast = images[..., : images.shape[-1] // 2].std(dim=(1, 2, 3))
        return torch.stack([torch.zeros_like(contrast), 8 * contrast - 4], dim=1)
