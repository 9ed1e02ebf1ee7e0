"""Between the coarse grid of a map, the pixels of its image, and what an eye can read."""

import numpy as np
import torch
from torch.nn import functional as F
from torchvision.transforms.v2.functional import gaussian_blur

_SMOOTHING = 1 / 40  # standard deviation, in sides of the image


def enlarge(maps: np.ndarray, size: tuple[int, int] | torch.Size) -> np.ndarray:
    """Interpolate maps (N, h, w) linearly to (N, H, W)."""
    cells = torch.from_numpy(np.asarray(maps, dtype=np.float32))
    return F.interpolate(cells[:, None], size=tuple(size), mode="bilinear")[:, 0].numpy()


def smooth(maps: np.ndarray) -> np.ndarray:
    """Average the values of neighboring pixels, (N, H, W), with a Gaussian.

    The values of single pixels are noise of both signs; only their sum over a few pixels tells
    something. Sums over larger regions stay the same.
    """
    sigma = max(maps.shape[1:]) * _SMOOTHING
    values = torch.from_numpy(maps.astype(np.float32))[:, None]
    return gaussian_blur(values, kernel_size=2 * int(3 * sigma) + 1, sigma=sigma)[:, 0].numpy()
