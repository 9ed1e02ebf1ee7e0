"""Turn image batches into network input: the evaluation view and the augmented training view.

Crop, flip and rotation are one affine map per image, so a batch is resampled once; brightness,
contrast and saturation are one affine map of the colors. Both are matrix products with the pixels
in the last dimension: with coordinates or channels last they took six times as long on a CPU.
All randomness comes from `uniforms(seed, rows)`: the view of an image depends on (seed, epoch,
row), not on its batch.

Why not a library: images/s on one core for the same operations on RGB, at 112 and 224 px: this
module 5,240 and 1,320; kornia 0.9 1,030 and 250; torchvision v2, image by image, 880 and 340.

No operation here synchronizes with a GPU: that would cost more than the operation itself.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from emotion.core.params import settings
from emotion.core.seeding import derive_seed, uniforms
from emotion.data.preprocessing import Preprocessing

CROP_RATIO = (3 / 4, 4 / 3)
ERASE_AREA = (0.02, 0.2)  # fractions of the image's area
ERASE_RATIO = (0.3, 3.3)
LEVELS = 9  # sizes of a reduced image
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow's and torchvision's gray


@settings
class AugmentParams:
    """How strong each random change to a training image is; one in two is mirrored."""

    crop_area: Annotated[float, Field(gt=0, le=1)] = 0.75  # smallest fraction of the image's area
    rotation: Annotated[float, Field(ge=0, le=180)] = 15.0  # degrees, either way
    color: Annotated[float, Field(ge=0, lt=1)] = 0.2  # brightness, contrast, saturation: 1 +- this
    erase: Annotated[float, Field(ge=0, le=1)] = 0.25  # probability of an erased rectangle
    resolution: Annotated[float, Field(gt=0, le=1)] = 1.0  # smallest share of the pixels per side


def preprocess_batch(images: Tensor, preprocessing: Preprocessing) -> Tensor:
    """The evaluation view, normalized: uint8 (N, 3 or 1, S, S) to float32 (N, 3, H, W)."""
    return normalize(crop_batch(images, preprocessing), preprocessing)


def crop_batch(images: Tensor, preprocessing: Preprocessing) -> Tensor:
    """The evaluation view before normalization, float32 (N, 3, H, W), RGB in 0..1."""
    return preprocessing.center_crop(images).expand(-1, 3, -1, -1).float() / 255


def normalize(images: Tensor, preprocessing: Preprocessing) -> Tensor:
    """(images - mean) / std per channel; images (N, 3 or 1, H, W) in 0..1, result (N, 3, H, W)."""
    mean, std = (_per_channel(v, images) for v in (preprocessing.mean, preprocessing.std))
    return (images - mean).div_(std)


def denormalize(views: Tensor, preprocessing: Preprocessing) -> Tensor:
    """The inverse of `normalize`: float32 (N, 3, H, W), normalized, to RGB in 0..1.

    Views of images that were in 0..1 return to that range up to rounding; nothing is clipped.
    """
    mean, std = (_per_channel(v, views) for v in (preprocessing.mean, preprocessing.std))
    return views * std + mean


def luminance(images: Tensor) -> Tensor:
    """ITU-R BT.601 luma, (N, 1, H, W), of RGB (N, 3, H, W) in any range."""
    red, green, blue = (weight * images[:, i : i + 1] for i, weight in enumerate(_LUMA))
    return red + green + blue


def augment_batch(
    images: Tensor,
    rows: np.ndarray,
    seed: int,
    epoch: int,
    preprocessing: Preprocessing,
    params: AugmentParams,
) -> Tensor:
    """The training view: the augmented batch, on the device of `images`.

    Args:
        images: uint8 (N, 3 or 1, S, S), as `Images.batches` yields them.
        rows: row of each image in the manifest, (N,); with `seed` and `epoch` it determines
            all random draws.
        seed: of the run.
        epoch: from 1.
        preprocessing: of the network.
        params: how strong the changes are.

    Returns:
        float32 (N, 3, H, W), normalized.
    """
    draws = uniforms(derive_seed(seed, epoch, "augment"), rows, draws=13).astype(np.float32)
    on_device = _to_device_of(images, draws[:, :9])
    matrices = affine_matrices(on_device[:, :6], params)
    grid = sampling_grid(matrices, preprocessing.img_size)
    # Rotation samples beyond the border; reflection fills the corners with skin and hair, not
    # black.
    views = F.grid_sample(images.float(), grid, padding_mode="reflection", align_corners=False)
    if params.resolution < 1:
        # A source of its own, so that the other draws are those of a run without.
        levels = uniforms(derive_seed(seed, epoch, "resolution"), rows, draws=1)[:, 0]
        views = reduce_resolution(views, levels, params.resolution)
    views = normalize(jitter(views.div_(255), on_device[:, 6:9], params.color), preprocessing)
    erase(views, draws[:, 9:13], params.erase)
    return views


def affine_matrices(draws: Tensor, params: AugmentParams) -> Tensor:
    """Random crop, flip and rotation as output-to-input maps for `affine_grid`, (N, 2, 3).

    Args:
        draws: uniform (N, 6): area, ratio, x, y, flip, angle.
        params: smallest crop and largest angle.
    """
    area, ratio, x, y, flip, angle = draws.unbind(dim=1)
    area = params.crop_area + area * (1 - params.crop_area)
    log_ratio = math.log(CROP_RATIO[0]) + ratio * math.log(CROP_RATIO[1] / CROP_RATIO[0])
    width = (area * log_ratio.exp()).sqrt().clamp(max=1)  # as shares of the image's side
    height = (area / log_ratio.exp()).sqrt().clamp(max=1)
    center_x, center_y = (2 * x - 1) * (1 - width), (2 * y - 1) * (1 - height)
    mirror = torch.where(flip < 0.5, -1.0, 1.0)
    radians = (2 * angle - 1) * math.radians(params.rotation)
    cos, sin = radians.cos(), radians.sin()
    row_x = torch.stack([width * cos * mirror, -height * sin, center_x], dim=1)
    row_y = torch.stack([width * sin * mirror, height * cos, center_y], dim=1)
    return torch.stack([row_x, row_y], dim=1)


def sampling_grid(matrices: Tensor, side: int) -> Tensor:
    """The result of `affine_grid(matrices, ..., align_corners=False)`, (N, side, side, 2)."""
    centers = (torch.arange(side, device=matrices.device) * 2 + 1) / side - 1
    y, x = torch.meshgrid(centers, centers, indexing="ij")
    pixels = torch.stack([x, y, torch.ones_like(x)]).flatten(1)
    return (matrices @ pixels).view(-1, 2, side, side).permute(0, 2, 3, 1)


def reduce_resolution(views: Tensor, draws: np.ndarray, smallest: float) -> Tensor:
    """Reduce each image to a random size, and enlarge it again.

    Both are one matrix per side, so a batch of many sizes is two matrix products.

    Args:
        views: (N, C, S, S).
        draws: uniform (N,); the sizes are uniform on a logarithmic scale, in LEVELS steps.
        smallest: share of S, above 0.
    """
    side = views.shape[-1]
    matrices = torch.stack([_reduction(side, size) for size in _sizes(side, smallest)])
    chosen = torch.from_numpy((draws * LEVELS).astype(np.int64))
    matrix = _to_device_of(views, matrices[chosen].unsqueeze(1))
    return matrix @ views @ matrix.mT


def _sizes(side: int, smallest: float) -> list[int]:
    return np.geomspace(max(1, side * smallest), side, LEVELS).round().astype(int).tolist()


@lru_cache(maxsize=4 * LEVELS)
def _reduction(side: int, size: int) -> Tensor:
    """The matrix (side, side) that reduces `side` values to `size` of them, and enlarges them."""
    columns = torch.eye(side)[None, None]
    reduced = F.interpolate(columns, size=(size, side), mode="bilinear", antialias=True)
    return F.interpolate(reduced, size=(side, side), mode="bilinear")[0, 0]


def jitter(views: Tensor, draws: Tensor, width: float) -> Tensor:
    """Random brightness, then contrast, then saturation.

    With factors b, c, s, a pixel v, its luma l and the image's mean luma m, the three are
    b c (s v + (1 - s) l) + b (1 - c) m, clipped to 0..1. Hue is not changed: skin is never green,
    and a hue shift costs as much as everything else together.

    Args:
        views: (N, 3, H, W), or (N, 1, H, W) of gray images, in 0..1.
        draws: uniform (N, 3).
        width: the three factors are in 1 +- this.

    Returns:
        (N, 3, H, W) in 0..1.
    """
    brightness, contrast, saturation = (
        (1 + (2 * draw - 1) * width)[:, None, None] for draw in draws.unbind(dim=1)
    )
    count, channels, *size = views.shape
    luma = _to_device_of(views, _LUMA)
    identity = torch.eye(3, device=views.device)
    matrix = brightness * contrast * (saturation * identity + (1 - saturation) * luma)
    middle = (views.mean(dim=(2, 3)).expand(-1, 3) * luma).sum(dim=1)
    offset = brightness * (1 - contrast) * middle[:, None, None]
    if channels == 1:  # the three channels of a grayscale image are equal
        matrix = matrix.sum(dim=2, keepdim=True)
    jittered = torch.baddbmm(offset, matrix, views.flatten(2))
    return jittered.clamp_(0, 1).view(count, 3, *size)


def erase(views: Tensor, draws: np.ndarray, probability: float) -> None:
    """Random erasing (Zhong et al., 2020), in place: a rectangle is set to the mean color, 0.

    Args:
        views: normalized (N, 3, H, W).
        draws: uniform (N, 4): whether and how large, ratio, x, y; on the CPU, because reading them
            from a GPU would synchronize with it.
        probability: of an erased rectangle.
    """
    choice, ratio, x, y = draws.T
    height, width = views.shape[-2:]
    share = np.minimum(choice / max(probability, 1e-9), 1)  # uniform where there is a rectangle
    area = ERASE_AREA[0] + share * (ERASE_AREA[1] - ERASE_AREA[0])
    log_ratio = math.log(ERASE_RATIO[0]) + ratio * math.log(ERASE_RATIO[1] / ERASE_RATIO[0])
    tall = np.minimum(np.sqrt(area * np.exp(log_ratio)), 1)  # as shares of the side
    wide = np.minimum(np.sqrt(area / np.exp(log_ratio)), 1)
    top, left = y * (1 - tall), x * (1 - wide)
    box = (
        np.rint(np.stack([top, top + tall]) * height),
        np.rint(np.stack([left, left + wide]) * width),
    )
    rows, columns = (edges.astype(int) for edges in box)
    for index in np.flatnonzero(choice < probability):
        views[index, :, slice(*rows[:, index]), slice(*columns[:, index])] = 0


def _per_channel(values: Sequence[float], images: Tensor) -> Tensor:
    """Values of the three channels, (1, 3, 1, 1), on the device of `images`."""
    return _to_device_of(images, values).view(1, 3, 1, 1)


def _to_device_of(tensor: Tensor, values: Sequence[float] | np.ndarray | Tensor) -> Tensor:
    """Values as float32 on the device of a tensor; `new_tensor` would synchronize with a GPU."""
    return torch.as_tensor(values, dtype=torch.float32).to(tensor.device, non_blocking=True)
