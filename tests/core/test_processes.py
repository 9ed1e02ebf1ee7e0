"""Results come in the order of the items, and Ctrl-C ends all processes without tracebacks."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from emotion.core.processes import map_in_processes

CHILD = """
import time
from emotion.core.processes import map_in_processes

if __name__ == "__main__":
    try:
        for _ in map_in_processes(time.sleep, [1.0] * 60, 2):
            print("a result", flush=True)  # so all workers have been started
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


def square(value):
    return value * value


def test_the_order_is_that_of_the_items():
    assert list(map_in_processes(square, range(20), 2)) == [n * n for n in range(20)]


def test_ctrl_c_still_works_in_the_parent_afterwards():
    before = signal.getsignal(signal.SIGINT)
    list(map_in_processes(abs, [1], 1))
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.slow
def test_ctrl_c_ends_the_work_without_tracebacks_of_the_workers(tmp_path):
    (tmp_path / "child.py").write_text(CHILD)
    with subprocess.Popen(
        [sys.executable, "child.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout.readline() == "a result\n"
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to parent and workers
        out, err = process.communicate(timeout=20)  # all the work would take 30 s
    assert "interrupted" in out
    assert err == ""
