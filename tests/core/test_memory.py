"""Freed memory is reused instead of being returned to the system."""

import subprocess
import sys

import pytest

from emotion.core.memory import keep_freed_memory

FAULTS = """
import resource, sys
from emotion.core.memory import keep_freed_memory

if sys.argv[1] == "kept":
    assert keep_freed_memory()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    bytearray(64 << 20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(mode: str) -> int:
    command = [sys.executable, "-c", FAULTS, mode]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="an option of glibc")
def test_allocating_the_same_block_again_causes_no_page_faults():
    assert page_faults("kept") < 0.2 * page_faults("default")


def test_a_system_without_the_option_is_left_unchanged(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed_memory()
