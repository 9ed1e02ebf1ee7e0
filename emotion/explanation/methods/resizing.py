"""Resize and smooth attribution maps, and blur the features out of images."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.transforms.v2.functional import gaussian_blur

# Standard deviations, in sides of the image.
_SMOOTHING = 1 / 40
_REMOVING = 1 / 8


def enlarge(maps: np.ndarray, size: tuple[int, int] | torch.Size) -> np.ndarray:
    """Interpolate maps bilinearly.

    Args:
        maps: float (N, h, w).
        size: H and W.

    Returns:
        float32 (N, H, W).
    """
    cells = torch.from_numpy(np.asarray(maps, dtype=np.float32))
    return F.interpolate(cells[:, None], size=tuple(size), mode="bilinear")[:, 0].numpy()


def smooth(maps: np.ndarray) -> np.ndarray:
    """Average the values of neighboring pixels with a Gaussian.

    The values of single pixels are noise of both signs; only sums over several pixels are
    informative. Sums over larger regions stay the same.

    Args:
        maps: float (N, H, W).

    Returns:
        float32 (N, H, W).
    """
    sigma = max(maps.shape[1:]) * _SMOOTHING
    return _blur(torch.from_numpy(maps.astype(np.float32))[:, None], sigma, 3)[:, 0].numpy()


def remove_features(images: Tensor) -> Tensor:
    """Blur images until no feature of a face is left, only its colors and light.

    Args:
        images: float32 (N, C, H, W), in any range.

    Returns:
        float32 (N, C, H, W); the standard deviation of the Gaussian is 1/8 of the longer side.
    """
    return _blur(images, max(images.shape[-2:]) * _REMOVING, 2)


def _blur(images: Tensor, sigma: float, deviations: int) -> Tensor:
    # In one pass per direction: torchvision convolves with the whole square.
    size = 2 * int(deviations * sigma) + 1
    across = gaussian_blur(images, kernel_size=[size, 1], sigma=sigma)
    return gaussian_blur(across, kernel_size=[1, size], sigma=sigma)
