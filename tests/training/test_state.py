"""A killed run resumes after its last finished epoch and ends with the same bytes."""

import contextlib
import errno
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch

from emotion.training.state import LATEST, SLOTS, RunState, compute_fingerprint
from emotion.training.trainer import Trainer
from tests.user_errors import user_error

CURVES = "plots/metrics"

# Imports once, then forks a run per input line: starting Python takes longer than the run.
FORK_SERVER = """
import dataclasses, os, sys
from pathlib import Path
import pandas as pd
import emotion.models
from emotion.training.fit import fit
from emotion.training.state import discard_state
from tests.training.conftest import QUICK, paths_in

def run():
    rows, paths = pd.read_csv("rows.csv", dtype={"sha256": str}), paths_in(Path())
    params = dataclasses.replace(QUICK, epochs=6, patience=6)
    label_map, weights = {"happy": 0, "sad": 1}, {"happy": 1.0, "sad": 1.0}
    fit(rows[:16], rows[16:], label_map, weights, params, paths).save(Path("best_model.pth"))
    discard_state(paths.state)

for _ in sys.stdin:
    pid = os.fork()
    if pid == 0:
        sys.stdout = sys.stderr = open(os.devnull, "w")
        run()
        os._exit(0)
    print("started", pid, flush=True)
    print("ended", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


class Killed(Exception):  # noqa: N818 (simulates a signal)
    """Simulates kill -9 after an epoch."""


@pytest.fixture
def kill_after(monkeypatch):
    """Start a run, and kill it once the state after an epoch is saved."""

    def kill(run, epoch):
        def save_and_die(self, content, save=RunState.save):
            save(self, content)
            if content["progress"]["epoch"] == epoch:
                raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(RunState, "save", save_and_die)
            with pytest.raises(Killed):
                run()

    return kill


def outcome(folder: Path, model: Path) -> dict[str, bytes]:
    """The bytes that must not depend on interruptions: the model and the curves."""
    curves = sorted((folder / CURVES).glob("*.tsv"))
    assert len(curves) == 7
    return {path.name: path.read_bytes() for path in [model, *curves]}


@pytest.mark.slow
def test_a_run_stopped_after_any_epoch_ends_with_the_same_bytes(train, tmp_path, kill_after):
    def finish(name):
        model = tmp_path / name / "best_model.pth"
        train(log=name).save(model)
        return outcome(tmp_path / name, model)

    expected = finish("whole")
    for epoch in (1, 2, 3):
        kill_after(lambda: train(log="parts"), epoch)
        assert finish("parts") == expected


def start_server(folder: Path) -> Callable[..., int]:
    """A function that runs the same training each time, to its end or killed after a while.

    It returns the exit code: 0, or -9 where the kill came in time.
    """
    # With threads, a fork of the process may never return.
    changes = {"DVC_TEST": "true", "PYTHONPATH": str(Path.cwd()), "OMP_NUM_THREADS": "1"}
    server = subprocess.Popen(
        [sys.executable, "-c", FORK_SERVER],
        cwd=folder,
        env={**os.environ, **changes},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )

    def run(kill_after: float | None = None) -> int:
        print("go", file=server.stdin, flush=True)
        pid = int(server.stdout.readline().split()[1])
        if kill_after is not None:
            time.sleep(kill_after)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return int(server.stdout.readline().split()[1])

    return run


@pytest.mark.slow
@pytest.mark.usefixtures("weights_folder")
def test_twenty_kills_at_random_moments_leave_the_same_bytes(tmp_path, striped_rows):
    striped_rows.to_csv(tmp_path / "rows.csv", index=False)
    run, model = start_server(tmp_path), tmp_path / "best_model.pth"
    for _ in range(2):  # the first run includes the imports
        started = time.monotonic()
        assert run() == 0
        whole = time.monotonic() - started
        expected = outcome(tmp_path / "log", model)
        model.unlink()

    kills, rng = 0, random.Random(0)
    while kills < 20:
        code = run(kill_after=rng.uniform(0.1, 0.8) * whole)
        kills += code == -signal.SIGKILL
        # A run that finished before the kill is checked; the next one starts from scratch.
        assert code in {0, -signal.SIGKILL}
        if code == 0:
            assert outcome(tmp_path / "log", model) == expected
            model.unlink()
    assert run() == 0
    assert outcome(tmp_path / "log", model) == expected
    assert not list((tmp_path / "state").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "reported"),
    [({"lr_head": 2e-3}, "params"), ({"class_weights": {"happy": 2, "sad": 1}}, "data")],
)
def test_another_run_starts_from_scratch_and_reports_what_changed(
    train, kill_after, capsys, changes, reported
):
    kill_after(train, 1)
    capsys.readouterr()
    restarted = train(**changes).state_dict
    [line] = [line for line in capsys.readouterr().out.splitlines() if "state" in line]
    assert line.split(";")[0].endswith(f" {reported}")
    expected = train(**changes).state_dict
    assert all(torch.equal(tensor, expected[name]) for name, tensor in restarted.items())


def test_a_half_written_state_leaves_the_previous_one(tmp_path, monkeypatch):
    def killed(_, file):
        file.write(b"half of a new state, written over an old one")
        raise Killed

    state = RunState(tmp_path, {})
    for epoch in (1, 2, 3):
        state.save({"epoch": epoch, "padding": torch.zeros(10 // epoch)})  # shorter each time
        assert RunState(tmp_path, {}).load()["epoch"] == epoch
    monkeypatch.setattr(torch, "save", killed)
    for _ in range(2):
        with pytest.raises(Killed):
            RunState(tmp_path, {}).save({"epoch": 4})
        assert RunState(tmp_path, {}).load()["epoch"] == 3


def test_a_full_disk_names_the_file_and_leaves_the_previous_state(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    RunState(tmp_path, {}).save({"epoch": 1})
    monkeypatch.setattr(torch, "save", full)
    with user_error(file=SLOTS[1], hint="free some space"):
        RunState(tmp_path, {}).save({"epoch": 2})
    assert RunState(tmp_path, {}).load()["epoch"] == 1


@pytest.mark.parametrize("content", [b"half", [1, 2], "text", {"no": "fingerprint"}], ids=str)
def test_a_file_that_is_no_state_is_named_and_ignored(tmp_path, content, capsys):
    (tmp_path / LATEST).write_text(SLOTS[1])
    if isinstance(content, bytes):
        (tmp_path / SLOTS[1]).write_bytes(content)
    else:
        torch.save(content, tmp_path / SLOTS[1])
    assert RunState(tmp_path, {"params": "1"}).load() is None
    assert SLOTS[1] in capsys.readouterr().out


def test_the_fingerprint_covers_params_data_weights_and_machine(tmp_path):
    (tmp_path / "weights").write_text("1")
    rows = pd.DataFrame({"path": ["a"], "sha256": ["0"]})
    base = {"seed": 0}, [rows], tmp_path, {"happy": 1.0}, "fp32, processes: 1"
    before = compute_fingerprint(*base)
    assert compute_fingerprint(*base) == before

    def changed(index, value):
        other = compute_fingerprint(*(value if i == index else v for i, v in enumerate(base)))
        return {name for name in before if before[name] != other[name]}

    assert changed(0, {"seed": 1}) == {"params"}
    assert changed(1, [rows.assign(sha256="1")]) == {"data"}
    assert changed(3, {"happy": 2.0}) == {"data"}
    assert changed(4, "fp32, processes: 2") == {"machine"}
    (tmp_path / "weights").write_text("2")
    assert {n for n, v in compute_fingerprint(*base).items() if v != before[n]} == {"weights"}


def test_ctrl_c_in_an_epoch_reports_where_the_run_resumes(train, monkeypatch):
    def interrupted(self, epoch, *args, train_epoch=Trainer.train_epoch):
        if epoch == 2:
            raise KeyboardInterrupt
        return train_epoch(self, epoch, *args)

    monkeypatch.setattr(Trainer, "train_epoch", interrupted)
    with user_error(2, hint="`dvc repro` to resume after epoch 1"):
        train()


@pytest.mark.parametrize("place", ["state", f"state/{SLOTS[0]}", f"state/{LATEST}"])
def test_something_else_in_the_place_of_the_state_is_named_and_kept(tmp_path, place):
    (tmp_path / place).parent.mkdir(exist_ok=True)
    if place == "state":
        (tmp_path / place).write_text("mine")
    else:
        (tmp_path / place).mkdir()
    with user_error(file=place, hint="move it away"):
        RunState(tmp_path / "state", {}).load()
    assert (tmp_path / place).exists()
