"""Decode every picture once into one uint8 array, which all epochs then share.

Decoding JPEG costs more than augmenting; done once, it costs nothing. The cached side is 1.14 times
the input side: the centre crop of it is the validation view, and a random crop of 75-100 % of its
area is resampled by a factor near 1, so the training view needs no anti-aliasing.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from emotion.core.pictures import read_picture

CACHE_SCALE = 1.14  # the recipe's resize before the centre crop


def cached_side(img_size: int) -> int:
    """Side of a cached picture, pixels."""
    return round(CACHE_SCALE * img_size)


def cache_pictures(
    paths: Sequence[str], img_size: int, interpolation: str, desc: str
) -> torch.Tensor:
    """Decode, resize the short side to `cached_side(img_size)`, cut the centre square.

    Args:
        paths: picture files.
        img_size: input side of the network, pixels.
        interpolation: the backbone's, a name of PIL.Image.Resampling in lower case.
        desc: what the progress bar says.

    Returns:
        uint8 tensor of shape (N, 3, S, S), RGB, in the order of `paths`.
    """
    side = cached_side(img_size)
    method = Image.Resampling[interpolation.upper()]
    cache = np.empty((len(paths), side, side, 3), dtype=np.uint8)

    def fill(index: int) -> None:
        cache[index] = np.asarray(square(read_picture(paths[index]), side, method))

    # Pillow releases the GIL while it decodes and resizes, so threads are enough.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        done = pool.map(fill, range(len(paths)))
        list(tqdm(done, total=len(paths), desc=desc, unit="picture", leave=False))
    return torch.from_numpy(cache).permute(0, 3, 1, 2).contiguous()


def square(picture: Image.Image, side: int, method: Image.Resampling) -> Image.Image:
    """Resize the short side to `side` pixels and cut the centre square, in one resampling."""
    width, height = picture.size
    short = min(width, height)
    left, top = (width - short) / 2, (height - short) / 2
    box = (left, top, left + short, top + short)
    return picture.resize((side, side), method, box=box)
