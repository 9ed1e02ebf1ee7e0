"""Run a function in several processes, which end quietly on Ctrl-C."""

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
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
        main = threading.current_thread() is threading.main_thread()
        # A process inherits that a signal is ignored. A terminal sends Ctrl-C to all of them, and
        # each would print a traceback; the parent alone is enough to end them.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN) if main else None
        try:
            results = pool.map(function, items)
        finally:
            if main:
                signal.signal(signal.SIGINT, before)
        yield from results
