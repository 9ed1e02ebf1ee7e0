"""The images of a split as uint8 arrays: decoded once and kept, or decoded in every epoch.

Decoding a JPEG costs more than augmenting it; a cache pays that once per run. Files are read by
`Preprocessing.read`, the same for every stage.
"""

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
from emotion.data.preprocessing import Preprocessing


@settings
class CacheParams:
    """The keys of the section `train` that `evaluate` reads too."""

    cache: Literal["auto", "off"] = "auto"  # off: decode in every epoch, in `workers` processes
    cache_gb: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 8.0  # larger: a mapped file
    workers: Annotated[int, Field(ge=0, le=64)] = 2  # processes that decode where the cache is off


class Images(Protocol):
    """A split's images, by row."""

    def __len__(self) -> int:
        """Rows."""

    def batches(self, rows: Sequence[np.ndarray]) -> Iterator[Tensor]:
        """The images of each array of rows in turn, uint8 (n, 3 or 1, S, S)."""


def open_images(
    paths: Sequence[str], preprocessing: Preprocessing, params: CacheParams, desc: str = ""
) -> Images:
    """The images of a manifest, cached or not as the settings say.

    Args:
        paths: image files.
        preprocessing: of the network.
        params: where decoded images are kept.
        desc: text of the progress bar; empty for no bar.
    """
    if params.cache == "off":
        return DecodedImages(paths, preprocessing, params.workers)
    return CachedImages(cache_images(paths, preprocessing, desc, params.cache_gb))


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
    """No cache: worker processes decode the images of each batch."""

    paths: Sequence[str]
    preprocessing: Preprocessing
    workers: int

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, row: int) -> np.ndarray | UserError:
        try:
            return self.preprocessing.read(self.paths[row])
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
    paths: Sequence[str],
    preprocessing: Preprocessing,
    desc: str = "",
    memory_gb: float = float("inf"),
) -> Tensor:
    """Read all images, in parallel.

    Args:
        paths: image files.
        preprocessing: of the network.
        desc: text of the progress bar; empty for no bar.
        memory_gb: a larger cache is a temporary memory-mapped file.

    Returns:
        uint8 (N, 3, S, S), RGB, in the order of `paths`; (N, 1, S, S) for a grayscale network.
        S is `preprocessing.resized_side`.

    Raises:
        UserError: a file is missing or cannot be read.
    """
    side = preprocessing.resized_side
    cache = _allocate((len(paths), 1 if preprocessing.grayscale else 3, side, side), memory_gb)

    def fill(index: int) -> None:
        cache[index] = preprocessing.read(paths[index])

    # Pillow releases the GIL while it decodes and resizes, so threads are enough.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        filled = pool.map(fill, range(len(paths)))
        for _ in tqdm(
            filled, total=len(paths), desc=desc, unit="image", leave=False, disable=not desc
        ):
            pass
    return torch.from_numpy(cache)


def _allocate(shape: tuple[int, ...], memory_gb: float) -> np.ndarray:
    if np.prod(shape) <= memory_gb * 1e9:
        return np.empty(shape, dtype=np.uint8)
    # Unlinked immediately, so the file disappears with the process, however that ends.
    with tempfile.TemporaryFile(dir=".") as file:
        return np.memmap(file, dtype=np.uint8, mode="w+", shape=shape)
