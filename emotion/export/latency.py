"""How long models take, measured in turns, so that a disturbance of the machine meets all alike."""

import time
from collections.abc import Callable, Mapping

import numpy as np

LEAST_ROUNDS = 5
SECONDS = 1.5  # of all rounds together, at least


def median_seconds(
    calls: Mapping[str, Callable[[], object]], seconds: float = SECONDS
) -> dict[str, float]:
    """The median time of each call; each is made once before, to warm up.

    Args:
        calls: what to time, by name.
        seconds: further rounds are made until so much time has passed, LEAST_ROUNDS at least.
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
