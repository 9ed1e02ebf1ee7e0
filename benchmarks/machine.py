"""What a measurement depends on besides the code."""

import os
import platform
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
