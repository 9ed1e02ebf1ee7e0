"""Decode every image once into one uint8 array, which all epochs then share.

Decoding JPEG costs more than augmenting; done once, it costs nothing. The cached side is 1.14 times
the input side: the center crop of it is the validation view, and a random crop of 75-100 % of its
area is resampled by a factor near 1, so the training view needs no anti-aliasing.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from emotion.core.images import read_image

CACHE_SCALE = 1.14  # the recipe's resize before the center crop


class Images(Protocol):
    """A split's images, by row."""

    def __len__(self) -> int:
        """Rows."""

    def batches(self, rows: Sequence[np.ndarray]) -> Iterator[Tensor]:
        """The images of each array of rows in turn, uint8 (n, 3 or 1, S, S)."""


@dataclass(frozen=True)
class CachedImages:
    """All images decoded, in memory or in a memory-mapped file."""

    tensor: Tensor  # uint8 (N, 3 or 1, S, S)

    def __len__(self) -> int:
        return len(self.tensor)

    def batches(self, rows: Sequence[np.ndarray]) -> Iterator[Tensor]:  # noqa: D102
        return (self._take(part) for part in rows)

    def _take(self, rows: np.ndarray) -> Tensor:
        # From pinned memory a GPU fetches a batch while this process goes on to the next.
        shape = (len(rows), *self.tensor.shape[1:])
        batch = torch.empty(shape, dtype=torch.uint8, pin_memory=torch.cuda.is_available())
        return torch.index_select(self.tensor, 0, torch.from_numpy(rows), out=batch)


@dataclass(frozen=True)
class DecodedImages(Dataset):
    """No cache: images are decoded whenever they are asked for, by other processes."""

    paths: Sequence[str]
    side: int  # pixels
    method: Image.Resampling
    grayscale: bool
    workers: int

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, row: int) -> np.ndarray:
        return decode(self.paths[row], self.side, self.method, self.grayscale)

    def batches(self, rows: Sequence[np.ndarray]) -> Iterator[Tensor]:  # noqa: D102
        loader = DataLoader(
            self,
            batch_sampler=rows,
            num_workers=self.workers,
            collate_fn=_stack,
            multiprocessing_context="spawn" if self.workers else None,
            pin_memory=torch.cuda.is_available(),
        )
        return iter(loader)


def _stack(images: list[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).contiguous()


def cached_side(img_size: int) -> int:
    """Side of a cached image, pixels."""
    return round(CACHE_SCALE * img_size)


def cache_images(
    paths: Sequence[str],
    img_size: int,
    interpolation: str,
    desc: str,
    grayscale: bool = False,
    memory_gb: float = float("inf"),
) -> Tensor:
    """Decode, resize the short side to `cached_side(img_size)`, cut the center square.

    Args:
        paths: image files.
        img_size: input side of the network, pixels.
        interpolation: the backbone's, a name of PIL.Image.Resampling in lower case.
        desc: what the progress bar says; empty for no bar.
        grayscale: keep the luminance alone.
        memory_gb: a larger cache lies in a temporary file, mapped into memory.

    Returns:
        uint8 tensor of shape (N, 3, S, S), RGB, in the order of `paths`; (N, 1, S, S) if
        `grayscale`.
    """
    side = cached_side(img_size)
    method = Image.Resampling[interpolation.upper()]
    shape = (len(paths), 1 if grayscale else 3, side, side)
    cache = _allocate(shape, memory_gb)

    def fill(index: int) -> None:
        cache[index] = decode(paths[index], side, method, grayscale).transpose(2, 0, 1)

    # Pillow releases the GIL while it decodes and resizes, so threads are enough.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        done = pool.map(fill, range(len(paths)))
        for _ in tqdm(
            done, total=len(paths), desc=desc, unit="image", leave=False, disable=not desc
        ):
            pass
    return torch.from_numpy(cache)


def decode(path: str, side: int, method: Image.Resampling, grayscale: bool) -> np.ndarray:
    """One image as it lies in the cache, but with channels last: uint8 (S, S, 3 or 1)."""
    image = square(read_image(path), side, method)
    return np.asarray(image.convert("L"))[..., None] if grayscale else np.asarray(image)


def square(image: Image.Image, side: int, method: Image.Resampling) -> Image.Image:
    """Resize the short side to `side` pixels and cut the center square, in one resampling."""
    width, height = image.size
    short = min(width, height)
    left, top = (width - short) / 2, (height - short) / 2
    box = (left, top, left + short, top + short)
    return image.resize((side, side), method, box=box)


def _allocate(shape: tuple[int, ...], memory_gb: float) -> np.ndarray:
    if np.prod(shape) <= memory_gb * 1e9:
        return np.empty(shape, dtype=np.uint8)
    # Without a name from the start: the file is gone with the process, however that ends.
    with tempfile.TemporaryFile(dir=".") as file:
        return np.memmap(file, dtype=np.uint8, mode="w+", shape=shape)
