"""Decode the images of a split to uint8 arrays, once per run or in every epoch.

Decoding a JPEG takes longer than augmenting it; with a cache it is done once per run. Files are
read by `Preprocessing.read`, as in every stage.
"""

import math
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol, cast

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from emotion.core.errors import UserError
from emotion.core.params import settings
from emotion.core.processes import starting_without_ctrl_c
from emotion.data.face import FaceImage
from emotion.data.preprocessing import Preprocessing


@settings
class CacheParams:
    """The keys of the section `train` that `evaluate` reads too."""

    cache: Literal["auto", "off"] = "auto"  # off: decode in every epoch, in `workers` processes
    cache_gb: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 8.0  # larger: a mapped file
    workers: Annotated[int, Field(ge=0, le=64)] = 2  # processes that decode where the cache is off


class Images(Protocol):
    """The images of a split, by row."""

    def __len__(self) -> int:
        """Number of images, N."""

    def batches(self, rows: Sequence[np.ndarray]) -> Iterator[Tensor]:
        """One batch per array of rows, in order.

        Args:
            rows: of each batch, integers (n,) in 0..N-1.

        Yields:
            uint8 (n, 3, S, S), RGB, or (n, 1, S, S) for a grayscale network, on the CPU. S is
            `Preprocessing.resized_side`.

        Raises:
            UserError: an image is decoded here, and is missing or cannot be read.
        """


def open_images(
    files: Sequence[FaceImage], preprocessing: Preprocessing, params: CacheParams, desc: str = ""
) -> Images:
    """The images of a manifest, cached if the settings say so.

    Args:
        files: with the face in each, of `manifest.face_images`.
        preprocessing: of the network.
        params: whether and where decoded images are stored.
        desc: text of the progress bar; empty for no bar.

    Raises:
        UserError: with a cache, a file is missing or cannot be read.
    """
    if params.cache == "off":
        return DecodedImages(files, preprocessing, params.workers)
    return CachedImages(cache_images(files, preprocessing, desc, params.cache_gb))


@dataclass(frozen=True)
class CachedImages:
    """All images decoded, in memory or in a memory-mapped file."""

    tensor: Tensor  # uint8 (N, 3 or 1, S, S)

    def __len__(self) -> int:
        return len(self.tensor)

    def batches(self, rows: Sequence[np.ndarray]) -> Iterator[Tensor]:  # noqa: D102
        return (self._take(indices) for indices in rows)

    def _take(self, rows: np.ndarray) -> Tensor:
        # From pinned memory, the copy to a GPU is asynchronous.
        shape = (len(rows), *self.tensor.shape[1:])
        batch = torch.empty(shape, dtype=torch.uint8, pin_memory=torch.cuda.is_available())
        return torch.index_select(self.tensor, 0, torch.from_numpy(rows), out=batch)


@dataclass(frozen=True)
class DecodedImages(Dataset[np.ndarray | UserError]):
    """Images that worker processes decode anew for each batch."""

    files: Sequence[FaceImage]
    preprocessing: Preprocessing
    workers: int

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, row: int) -> np.ndarray | UserError:
        try:
            return self.preprocessing.read(self.files[row])
        except UserError as error:  # raised in a worker, it would have the worker's traceback
            return error

    def batches(self, rows: Sequence[np.ndarray]) -> Iterator[Tensor]:  # noqa: D102
        loader = DataLoader(
            self,
            batch_sampler=[indices.tolist() for indices in rows],
            num_workers=self.workers,
            collate_fn=_stack,
            multiprocessing_context="spawn" if self.workers else None,
            pin_memory=torch.cuda.is_available(),
        )
        with starting_without_ctrl_c():
            batches = iter(loader)
        for batch in batches:
            if isinstance(batch, UserError):
                raise batch
            yield batch


def _stack(images: list[np.ndarray | UserError]) -> Tensor | UserError:
    for image in images:
        if isinstance(image, UserError):
            return image
    return torch.from_numpy(np.stack(cast(list[np.ndarray], images))).contiguous()


def cache_images(
    files: Sequence[FaceImage],
    preprocessing: Preprocessing,
    desc: str = "",
    memory_gb: float = math.inf,
) -> Tensor:
    """Decode all images, in parallel threads.

    Args:
        files: with the face in each, of `manifest.face_images`.
        preprocessing: of the network.
        desc: text of the progress bar; empty for no bar.
        memory_gb: a cache above this size, in 10**9 bytes, is a temporary memory-mapped file.

    Returns:
        uint8 (N, 3, S, S), RGB, in the order of `files`; (N, 1, S, S) for a grayscale network.
        S is `preprocessing.resized_side`.

    Raises:
        UserError: a file is missing or cannot be read.
    """
    side = preprocessing.resized_side
    cache = _allocate((len(files), 1 if preprocessing.grayscale else 3, side, side), memory_gb)

    def fill(index: int) -> None:
        cache[index] = preprocessing.read(files[index])

    # Pillow releases the GIL while it decodes and resizes, so threads are enough.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        done = pool.map(fill, range(len(files)))
        list(tqdm(done, desc, len(files), unit="image", leave=False, disable=not desc))
    return torch.from_numpy(cache)


def _allocate(shape: tuple[int, ...], memory_gb: float) -> np.ndarray:
    if np.prod(shape) <= memory_gb * 1e9:
        return np.empty(shape, dtype=np.uint8)
    # Unlinked immediately, so the file disappears with the process, however that ends.
    with tempfile.TemporaryFile(dir=".") as file:
        return np.memmap(file, dtype=np.uint8, mode="w+", shape=shape)
