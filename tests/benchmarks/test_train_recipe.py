"""Training in pieces: what is finished is not run again, and what is not goes on."""

import subprocess
from time import monotonic

import pytest

from benchmarks.train_recipe import run_stages

STAGE = """
import time
from pathlib import Path
runs = Path("{name}")
runs.write_text(runs.read_text() + "x")
time.sleep({seconds})
"""


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "stages").mkdir()
    for name, seconds in (("first", 0), ("second", 60), ("third", 0)):
        (tmp_path / name).write_text("")
        program = STAGE.format(name=name, seconds=seconds)
        (tmp_path / "stages" / f"{name}.py").write_text(program)
    return tmp_path


def runs_of(workspace):
    return [len((workspace / name).read_text()) for name in ("first", "second", "third")]


@pytest.mark.slow
def test_the_next_piece_goes_on_with_the_stage_that_was_stopped(workspace):
    stages = ("first", "second", "third")
    assert not run_stages(workspace, stages, monotonic() + 5)
    assert runs_of(workspace) == [1, 1, 0]
    (workspace / "stages/second.py").write_text(STAGE.format(name="second", seconds=0))
    assert run_stages(workspace, stages, monotonic() + 60)
    assert runs_of(workspace) == [1, 2, 1]
    assert run_stages(workspace, stages, monotonic())
    assert runs_of(workspace) == [1, 2, 1]


@pytest.mark.slow
def test_a_stage_that_fails_is_not_finished(workspace):
    (workspace / "stages/first.py").write_text("raise SystemExit(1)")
    for _ in range(2):
        with pytest.raises(subprocess.CalledProcessError):
            run_stages(workspace, ("first", "third"), monotonic() + 60)
    assert runs_of(workspace)[2] == 0
