"""The machine of a measurement, and fresh processes to measure in.

Only the standard library is imported: every process of a benchmark imports this module first.
"""

import os
import platform
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

Result = TypeVar("Result")


def describe_machine() -> dict[str, Any]:
    """Number of cores, processor and version of Python."""
    return {
        "cores": os.cpu_count(),
        "processor": processor_name(),
        "python": platform.python_version(),
    }


def processor_name() -> str:
    """The name that the Linux kernel reports; on other systems, the name that Python reports."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()


def in_a_process(function: Callable[..., Result], *values: object) -> Result:
    """Call a function in a new process, with its own peak memory and number of threads."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *values).result()
