"""Describe this machine: its processor and what that can compute; standard library only."""

import os
import platform
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")


def describe_machine() -> dict[str, int | str]:
    """Processor with the sizes of its caches, number of cores, and version of Python.

    The order in which oneDNN sums depends on the caches, and "AMD EPYC" names many processors.
    """
    return {
        "processor": processor_name(),
        "caches": cache_sizes(),
        "cores": os.cpu_count() or 1,
        "python": platform.python_version(),
    }


def processor_name() -> str:
    """The name that the Linux kernel reports; on other systems, the name that Python reports."""
    return _cpuinfo("model name") or platform.processor()


def cache_sizes() -> str:
    """Of the first core, from the smallest: "32K, 1024K, 32768K"; "" if the system reports none."""
    try:
        sizes = {path.read_text(encoding="utf-8").strip() for path in _CACHES.glob("index*/size")}
    except OSError:
        return ""
    return ", ".join(sorted(sizes, key=lambda size: (len(size), size)))


def has_avx2() -> bool:
    """Whether the processor is x86-64 and, if the system reports it, has AVX2."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False
    return not _CPUINFO.exists() or "avx2" in _cpuinfo("flags").split()


def has_avx512() -> bool:
    """Whether the system reports AVX-512."""
    return "avx512f" in _cpuinfo("flags").split()


def _cpuinfo(key: str) -> str:
    """The first value of a key in Linux's table of processors; "" without it."""
    if _CPUINFO.exists():
        for line in _CPUINFO.read_text(encoding="utf-8").splitlines():
            if line.startswith(key):
                return line.partition(":")[2].strip()
    return ""
