"""Fresh processes to measure in.

Little is imported: every process of a benchmark imports this module first.
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

from emotion.core.machine import describe_machine

__all__ = ["describe_machine", "in_a_process"]

Result = TypeVar("Result")


def in_a_process(function: Callable[..., Result], *values: object) -> Result:
    """Call a function in a new process, with its own peak memory and number of threads."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *values).result()
