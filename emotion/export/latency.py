"""Measure latencies in alternation, so that background load affects all models equally."""

import time
from collections.abc import Callable, Mapping

import numpy as np

LEAST_ROUNDS = 5
SECONDS = 1.5  # of all rounds together, at least


def median_seconds(
    calls: Mapping[str, Callable[[], object]], seconds: float = SECONDS
) -> dict[str, float]:
    """The median wall-clock time of each function.

    Each is called once before the measurement, to warm up; then all are called in turn, in rounds.

    Args:
        calls: the functions to time, by name.
        seconds: rounds continue until this time has passed, for LEAST_ROUNDS at least.

    Returns:
        Seconds per call, by name.
    """
    for call in calls.values():
        call()
    times: dict[str, list[float]] = {name: [] for name in calls}
    end = time.perf_counter() + seconds
    rounds = 0
    while rounds < LEAST_ROUNDS or time.perf_counter() < end:
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
        rounds += 1
    return {name: float(np.median(found)) for name, found in times.items()}
