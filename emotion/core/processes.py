"""Run a function in several processes, which end quietly on Ctrl-C."""

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_in_processes(
    function: Callable[[Item], Result], items: Iterable[Item], processes: int
) -> Iterator[Result]:
    """Yield the results in the order of the items.

    The processes are spawned: a forked one can hang if the parent has threads (torch, OpenMP).

    Args:
        function: of a module, so that it can be pickled.
        items: arguments.
        processes: their number.
    """
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        with starting_without_ctrl_c():
            results = pool.map(function, items)
        yield from results


@contextmanager
def starting_without_ctrl_c() -> Iterator[None]:
    """Let the processes that are started in the block ignore SIGINT.

    A terminal sends Ctrl-C to all processes, and each would print a traceback; the parent alone is
    enough to end them. A process inherits that a signal is ignored, so it is ignored from the first
    import on.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may change signals
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
