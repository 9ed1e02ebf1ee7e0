"""What a network sees: the validation view, and the training view as one batched resampling.

Crop, flip and rotation are one affine map an image, so a batch is resampled once; brightness,
contrast and saturation are one affine map of its colors. Both are matrix products with the pixels
in the last dimension: with the coordinates or channels there, they took six times as long on a CPU.
Everything random comes from `uniforms(seed, rows)`: an image's view depends on (seed, epoch, row),
not on its batch.

Why not a library: images/s of one core for the same operations on RGB, at 112 and at 224 px: this
module 5,240 and 1,320; kornia 0.9 1,030 and 250; torchvision v2, an image at a time, 880 and 340.

Nothing here waits for a GPU to finish what it was given: that would cost more than the work itself.
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
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow's and torchvision's gray


def eval_batch(
    images: Tensor, img_size: int, mean: Sequence[float], std: Sequence[float]
) -> Tensor:
    """Center crop and normalize: uint8 (N, C, S, S) to float32 (N, 3, img_size, img_size).

    C is 3, or 1 where the cache holds gray images.
    """
    start = (images.shape[-1] - img_size) // 2
    crop = images[..., start : start + img_size, start : start + img_size]
    return normalize(crop.float() / 255, mean, std)


def normalize(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """(images - mean) / std by channel; images (N, 3 or 1, H, W) in 0..1."""
    return (images - per_channel(mean, images)).div_(per_channel(std, images))


def per_channel(values: Sequence[float], images: Tensor) -> Tensor:
    """Numbers of the three channels, (1, 3, 1, 1), ready to calculate with images."""
    return _beside(images, values).view(1, 3, 1, 1)


def luminance(images: Tensor) -> Tensor:
    """Brightness as people see it, (N, 1, H, W), of RGB (N, 3, H, W) in any range."""
    return sum(weight * images[:, i : i + 1] for i, weight in enumerate(_LUMA))


def train_batch(
    images: Tensor,
    rows: np.ndarray,
    seed: int,
    epoch: int,
    img_size: int,
    mean: Sequence[float],
    std: Sequence[float],
) -> Tensor:
    """The recipe's augmentation of a batch, on the device of `images`.

    Args:
        images: uint8 (N, 3 or 1, S, S) from the cache.
        rows: the images' places in the manifest, (N,): with `seed` and `epoch` they decide
            everything random.
        seed: the run's seed.
        epoch: the epoch, from 1.
        img_size: side of the result, pixels.
        mean: normalization of RGB in 0..1.
        std: likewise.

    Returns:
        float32 (N, 3, img_size, img_size).
    """
    draws = uniforms(derive_seed(seed, epoch, "augment"), rows, draws=13).astype(np.float32)
    on_device = _beside(images, draws[:, :9])
    grid = sampling_grid(affine_matrices(on_device[:, :6]), img_size)
    # Rotation looks past the border; reflection fills the corners with skin and hair, not black.
    views = F.grid_sample(images.float(), grid, padding_mode="reflection", align_corners=False)
    views = normalize(jitter(views.div_(255), on_device[:, 6:9]), mean, std)
    erase(views, draws[:, 9:13])
    return views


def affine_matrices(draws: Tensor) -> Tensor:
    """Random crop, flip and rotation as output-to-input maps for `affine_grid`, (N, 2, 3).

    Args:
        draws: uniform (N, 6): area, ratio, x, y, flip, angle.
    """
    area, ratio, x, y, flip, angle = draws.unbind(dim=1)
    area = CROP_SCALE[0] + area * (CROP_SCALE[1] - CROP_SCALE[0])
    log_ratio = math.log(CROP_RATIO[0]) + ratio * math.log(CROP_RATIO[1] / CROP_RATIO[0])
    width = (area * log_ratio.exp()).sqrt().clamp(max=1)  # as shares of the image's side
    height = (area / log_ratio.exp()).sqrt().clamp(max=1)
    center_x, center_y = (2 * x - 1) * (1 - width), (2 * y - 1) * (1 - height)
    mirror = torch.where(flip < 0.5, -1.0, 1.0)
    radians = (2 * angle - 1) * math.radians(ROTATION)
    cos, sin = radians.cos(), radians.sin()
    row_x = torch.stack([width * cos * mirror, -height * sin, center_x], dim=1)
    row_y = torch.stack([width * sin * mirror, height * cos, center_y], dim=1)
    return torch.stack([row_x, row_y], dim=1)


def sampling_grid(matrices: Tensor, side: int) -> Tensor:
    """What `affine_grid(matrices, ..., align_corners=False)` gives, (N, side, side, 2)."""
    centers = (torch.arange(side, device=matrices.device) * 2 + 1) / side - 1
    y, x = torch.meshgrid(centers, centers, indexing="ij")
    pixels = torch.stack([x, y, torch.ones_like(x)]).flatten(1)
    return (matrices @ pixels).view(-1, 2, side, side).permute(0, 2, 3, 1)


def jitter(views: Tensor, draws: Tensor) -> Tensor:
    """Random brightness, then contrast, then saturation.

    With factors b, c, s, a pixel v, its luma l and the image's mean luma m, the three are
    b c (s v + (1 - s) l) + b (1 - c) m, cut to the range of an image. Hue is left alone: skin does
    not turn green, and turning hue costs as much as all the rest.

    Args:
        views: (N, 3, H, W), or (N, 1, H, W) of gray images, in 0..1.
        draws: uniform (N, 3).

    Returns:
        (N, 3, H, W) in 0..1.
    """
    brightness, contrast, saturation = (
        (1 + (2 * draw - 1) * width)[:, None, None]
        for draw, width in zip(draws.unbind(dim=1), (BRIGHTNESS, CONTRAST, SATURATION), strict=True)
    )
    count, channels, *size = views.shape
    luma = _beside(views, _LUMA)
    identity = torch.eye(3, device=views.device)
    matrix = brightness * contrast * (saturation * identity + (1 - saturation) * luma)
    middle = (views.mean(dim=(2, 3)).expand(-1, 3) * luma).sum(dim=1)
    offset = brightness * (1 - contrast) * middle[:, None, None]
    if channels == 1:  # the three channels of a gray image are equal
        matrix = matrix.sum(dim=2, keepdim=True)
    jittered = torch.baddbmm(offset, matrix, views.flatten(2))
    return jittered.clamp_(0, 1).view(count, 3, *size)


def erase(views: Tensor, draws: np.ndarray) -> None:
    """Random erasing (Zhong et al., 2020), in place: a rectangle becomes the mean color, 0.

    Args:
        views: normalized (N, 3, H, W).
        draws: uniform (N, 4): whether and how large, ratio, x, y; on the CPU, because a GPU would
            have to be waited for.
    """
    choice, ratio, x, y = draws.T
    height, width = views.shape[-2:]
    area = ERASE_SCALE[0] + choice / ERASE_PROBABILITY * (ERASE_SCALE[1] - ERASE_SCALE[0])
    log_ratio = math.log(ERASE_RATIO[0]) + ratio * math.log(ERASE_RATIO[1] / ERASE_RATIO[0])
    tall = np.minimum(np.sqrt(area * np.exp(log_ratio)), 1)  # as shares of the side
    wide = np.minimum(np.sqrt(area / np.exp(log_ratio)), 1)
    top, left = y * (1 - tall), x * (1 - wide)
    box = (
        np.rint(np.stack([top, top + tall]) * height),
        np.rint(np.stack([left, left + wide]) * width),
    )
    rows, columns = (edges.astype(int) for edges in box)
    for index in np.flatnonzero(choice < ERASE_PROBABILITY):
        views[index, :, slice(*rows[:, index]), slice(*columns[:, index])] = 0


def _beside(tensor: Tensor, values: Sequence[float] | np.ndarray) -> Tensor:
    """Numbers as float32 on the device of a tensor, where `new_tensor` would wait for a GPU."""
    return torch.as_tensor(values, dtype=torch.float32).to(tensor.device, non_blocking=True)
