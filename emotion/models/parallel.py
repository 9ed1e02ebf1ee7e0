"""Run a small network over many images, one batch per core.

If all cores share one batch, they wait for each other at the end of each operation, which costs a
third of the time of a small network. `inference.py` reads images from files; here they are in
memory, and many are variants of one image.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import Tensor

Item = TypeVar("Item")
Result = TypeVar("Result")
# In a single thread, torch computes convolutions of fewer images without oneDNN, at half the speed.
_SMALLEST_BATCH = 16


def forward_batches(forward: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
    """The results of `forward` for batches of rows, concatenated, without gradients.

    Args:
        forward: a network in evaluation mode, or a function that calls one, (n, ...) to (n, ...);
            it must not change any state.
        rows: (N, ...), at least one row.

    Returns:
        (N, ...), in the order of `rows`.
    """

    @torch.no_grad()  # counts in the thread that calls it
    def run(batch: Tensor) -> Tensor:
        return forward(batch)

    return torch.cat(map_on_cores(run, split_evenly(rows)))


def split_evenly(rows: Tensor) -> tuple[Tensor, ...]:
    """Batches of 16 to 31 rows; fewer rows are one batch."""
    return rows.tensor_split(max(1, len(rows) // _SMALLEST_BATCH))


def map_on_cores(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Results of the items, in their order; with fewer items than cores, each uses several.

    Args:
        function: torch code that releases the GIL; it runs in threads, so it must not change shared
            state.
        items: at least one.

    Raises:
        Exception: the first that `function` raised.
    """
    threads = torch.get_num_threads()
    workers = min(threads, len(items))
    pool = ThreadPoolExecutor(
        workers, initializer=torch.set_num_threads, initargs=(threads // workers,)
    )
    try:
        with pool:
            return list(pool.map(function, items))
    finally:
        torch.set_num_threads(threads)  # the number for threads that start later
