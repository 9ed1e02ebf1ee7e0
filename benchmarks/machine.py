"""What a measurement depends on besides the code: the machine, and what ran before it.

The standard library alone is imported: every process of a benchmark imports this first.
"""

import os
import platform
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path


def describe_machine() -> dict:
    """What the figures depend on."""
    return {
        "cores": os.cpu_count(),
        "processor": processor_name(),
        "python": platform.python_version(),
    }


def processor_name() -> str:
    """As the kernel names it; elsewhere than on Linux, as Python does."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()


def in_a_process(function: Callable, *values):
    """Call a benchmark's function in a fresh process: peaks and threads are then its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *values).result()
