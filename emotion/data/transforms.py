"""What a network sees: the validation view, and the training view as one batched resampling.

Crop, flip and rotation are one affine map a picture, so a batch is resampled once; brightness,
contrast and saturation are one 3x3 colour matrix and offset a picture. Everything random comes from
`uniforms(seed, rows)`: a picture's view depends on (seed, epoch, row), not on its batch.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from emotion.core.seeding import derive_seed, uniforms

CROP_SCALE = (0.75, 1.0)  # share of the area
CROP_RATIO = (3 / 4, 4 / 3)
ROTATION = 15.0  # degrees, either way
BRIGHTNESS = CONTRAST = SATURATION = 0.2  # factors in 1 +- this
ERASE_PROBABILITY = 0.25
ERASE_SCALE = (0.02, 0.2)  # share of the area
ERASE_RATIO = (0.3, 3.3)
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow's and torchvision's grey


def eval_batch(
    pictures: Tensor, img_size: int, mean: Sequence[float], std: Sequence[float]
) -> Tensor:
    """Centre crop and normalise: uint8 (N, 3, S, S) to float32 (N, 3, img_size, img_size)."""
    start = (pictures.shape[-1] - img_size) // 2
    crop = pictures[..., start : start + img_size, start : start + img_size]
    return normalise(crop.float() / 255, mean, std)


def normalise(pictures: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """(pictures - mean) / std by channel; pictures (N, 3, H, W) in 0..1."""
    mean, std = (pictures.new_tensor(values).view(1, 3, 1, 1) for values in (mean, std))
    return (pictures - mean) / std


def train_batch(
    pictures: Tensor,
    rows: np.ndarray,
    seed: int,
    epoch: int,
    img_size: int,
    mean: Sequence[float],
    std: Sequence[float],
) -> Tensor:
    """The recipe's augmentation of a batch, on the device of `pictures`.

    Args:
        pictures: uint8 (N, 3, S, S) from the cache.
        rows: the pictures' places in the manifest, (N,): with `seed` and `epoch` they decide
            everything random.
        seed: the run's seed.
        epoch: the epoch, from 1.
        img_size: side of the result, pixels.
        mean: normalisation of RGB in 0..1.
        std: likewise.

    Returns:
        float32 (N, 3, img_size, img_size).
    """
    draws = uniforms(derive_seed(seed, epoch, "augment"), rows, draws=13)
    draws = torch.from_numpy(draws.astype(np.float32)).to(pictures.device)
    matrix = affine_matrices(draws[:, :6])
    grid = F.affine_grid(matrix, [len(pictures), 3, img_size, img_size], align_corners=False)
    # Rotation looks past the border; reflection fills the corners with skin and hair, not black.
    views = F.grid_sample(
        pictures.float() / 255, grid, padding_mode="reflection", align_corners=False
    )
    views = jitter_colours(views, draws[:, 6:9])
    return erase(normalise(views, mean, std), draws[:, 9:13])


def affine_matrices(draws: Tensor) -> Tensor:
    """Random crop, flip and rotation as output-to-input maps for `affine_grid`, (N, 2, 3).

    Args:
        draws: uniform (N, 6): area, ratio, x, y, flip, angle.
    """
    area, ratio, x, y, flip, angle = draws.unbind(dim=1)
    area = CROP_SCALE[0] + area * (CROP_SCALE[1] - CROP_SCALE[0])
    log_ratio = math.log(CROP_RATIO[0]) + ratio * math.log(CROP_RATIO[1] / CROP_RATIO[0])
    width = (area * log_ratio.exp()).sqrt().clamp(max=1)  # as shares of the picture's side
    height = (area / log_ratio.exp()).sqrt().clamp(max=1)
    centre_x, centre_y = (2 * x - 1) * (1 - width), (2 * y - 1) * (1 - height)
    mirror = torch.where(flip < 0.5, -1.0, 1.0)
    radians = (2 * angle - 1) * math.radians(ROTATION)
    cos, sin = radians.cos(), radians.sin()
    row_x = torch.stack([width * cos * mirror, -height * sin, centre_x], dim=1)
    row_y = torch.stack([width * sin * mirror, height * cos, centre_y], dim=1)
    return torch.stack([row_x, row_y], dim=1)


def jitter_colours(pictures: Tensor, draws: Tensor) -> Tensor:
    """Random brightness, then contrast, then saturation, of RGB in 0..1; draws uniform (N, 3).

    Hue is left alone: skin does not turn green, and turning hue costs as much as all the rest.
    """
    brightness, contrast, saturation = (
        (1 + (2 * draw - 1) * width)[:, None, None, None]
        for draw, width in zip(draws.unbind(dim=1), (BRIGHTNESS, CONTRAST, SATURATION), strict=True)
    )
    luma = pictures.new_tensor(_LUMA).view(1, 3, 1, 1)
    pictures = pictures * brightness
    middle = (pictures * luma).sum(dim=1, keepdim=True).mean(dim=(2, 3), keepdim=True)
    pictures = middle + (pictures - middle) * contrast
    grey = (pictures * luma).sum(dim=1, keepdim=True)
    return (grey + (pictures - grey) * saturation).clamp_(0, 1)


def erase(pictures: Tensor, draws: Tensor) -> Tensor:
    """Random erasing (Zhong et al., 2020): a rectangle set to the mean colour, 0 once normalised.

    Args:
        pictures: normalised (N, 3, H, W).
        draws: uniform (N, 4): whether and how large, ratio, x, y.
    """
    choice, ratio, x, y = (draw[:, None] for draw in draws.unbind(dim=1))
    chosen = choice < ERASE_PROBABILITY
    area = ERASE_SCALE[0] + choice / ERASE_PROBABILITY * (ERASE_SCALE[1] - ERASE_SCALE[0])
    log_ratio = math.log(ERASE_RATIO[0]) + ratio * math.log(ERASE_RATIO[1] / ERASE_RATIO[0])
    height = (area * log_ratio.exp()).sqrt().clamp(max=1)
    width = (area / log_ratio.exp()).sqrt().clamp(max=1)
    left, top = x * (1 - width), y * (1 - height)
    along = (torch.arange(pictures.shape[-1], device=pictures.device) + 0.5) / pictures.shape[-1]
    inside_x = (along > left) & (along < left + width)
    inside_y = (along > top) & (along < top + height) & chosen
    return pictures.masked_fill((inside_y[:, :, None] & inside_x[:, None, :])[:, None], 0.0)
