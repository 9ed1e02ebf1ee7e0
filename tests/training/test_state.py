"""A killed run resumes after its last finished epoch and ends with the same bytes."""

import contextlib
import errno
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import torch

from emotion.core.errors import UserError
from emotion.training import fit as fit_module
from emotion.training.state import LATEST, SLOTS, RunState, compute_fingerprint

CURVES = "plots/metrics"

# Imports once, then forks a run per input line: starting Python takes longer than the run.
FORK_SERVER = """
import dataclasses, os, sys
from pathlib import Path
import pandas as pd
import emotion.models
from emotion.training.fit import fit
from emotion.training.state import discard_state
from tests.training.conftest import QUICK

def run():
    rows = pd.read_csv("rows.csv", dtype={"sha256": str})
    params = dataclasses.replace(QUICK, epochs=6, patience=6)
    checkpoint = fit(rows[:16], rows[16:], {"happy": 0, "sad": 1}, {"happy": 1.0, "sad": 1.0},
        Path("pretrained"), params, Path("log"), Path("timing.json"), Path("state"))
    checkpoint.save(Path("best_model.pth"))
    discard_state(Path("state"))

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


def outcome(folder: Path, model: Path) -> dict[str, bytes]:
    """The bytes that must not depend on interruptions: the model and the curves."""
    curves = sorted((folder / CURVES).glob("*.tsv"))
    files = [path for path in curves if "seconds" not in path.name]
    assert len(files) == 7
    return {path.name: path.read_bytes() for path in [model, *files]}


@pytest.mark.slow
def test_a_run_stopped_after_any_epoch_ends_with_the_same_bytes(train, tmp_path, monkeypatch):
    train(log="whole").save(tmp_path / "whole" / "best_model.pth")
    expected = outcome(tmp_path / "whole", tmp_path / "whole" / "best_model.pth")
    save = RunState.save
    for last in (1, 2, 3):

        def save_and_die(self, content, last=last):
            save(self, content)
            if content["progress"]["epoch"] == last:
                raise Killed

        monkeypatch.setattr(RunState, "save", save_and_die)
        with pytest.raises(Killed):
            train(log="parts")
        monkeypatch.setattr(RunState, "save", save)
        train(log="parts").save(tmp_path / "parts" / "best_model.pth")
        assert outcome(tmp_path / "parts", tmp_path / "parts" / "best_model.pth") == expected


class ForkServer:
    """Runs the same training repeatedly, to its end or killed after a while."""

    def __init__(self, folder: Path):
        environment = {
            **os.environ,
            "DVC_TEST": "true",
            "PYTHONPATH": str(Path.cwd()),
            "OMP_NUM_THREADS": "1",  # a fork of a process with threads may never return
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", FORK_SERVER],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self, kill_after: float | None = None) -> int:
        """The exit code: 0, or -9 where the kill came in time."""
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        pid = int(self.process.stdout.readline().split()[1])
        if kill_after is not None:
            time.sleep(kill_after)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return int(self.process.stdout.readline().split()[1])


@pytest.mark.slow
@pytest.mark.usefixtures("weights_folder")
def test_twenty_kills_at_random_moments_leave_the_same_bytes(tmp_path, striped_rows):
    striped_rows.to_csv(tmp_path / "rows.csv", index=False)
    server, model = ForkServer(tmp_path), tmp_path / "best_model.pth"
    for _ in range(2):  # the first run includes the imports
        started = time.monotonic()
        assert server.run() == 0
        whole = time.monotonic() - started
        expected = outcome(tmp_path / "log", model)
        model.unlink()

    kills, rng = 0, random.Random(0)
    while kills < 20:
        code = server.run(kill_after=rng.uniform(0.1, 0.8) * whole)
        kills += code == -signal.SIGKILL
        # A run that finished before the kill is checked; the next one starts from scratch.
        assert code in {0, -signal.SIGKILL}
        if code == 0:
            assert outcome(tmp_path / "log", model) == expected
            model.unlink()
    assert server.run() == 0
    assert outcome(tmp_path / "log", model) == expected
    assert not list((tmp_path / "state").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{"lr_head": 2e-3}, {"class_weights": {"happy": 2, "sad": 1}}])
def test_another_run_starts_from_scratch_and_reports_what_changed(
    train, monkeypatch, capsys, changes
):
    save = RunState.save

    def save_and_die(self, content):
        save(self, content)
        raise Killed

    monkeypatch.setattr(RunState, "save", save_and_die)
    with pytest.raises(Killed):
        train()
    monkeypatch.setattr(RunState, "save", save)
    fresh = train(**changes)
    changed = "params" if "lr_head" in changes else "data"
    assert f"had other {changed}; starting from scratch" in capsys.readouterr().out
    assert fresh.state_dict.keys() == train(**changes).state_dict.keys()


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


def test_a_full_disk_is_one_sentence_and_leaves_the_previous_state(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    RunState(tmp_path, {}).save({"epoch": 1})
    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(UserError, match="the disk is full"):
        RunState(tmp_path, {}).save({"epoch": 2})
    assert RunState(tmp_path, {}).load()["epoch"] == 1


def test_a_broken_state_is_reported_and_ignored(tmp_path, capsys):
    (tmp_path / LATEST).write_text(SLOTS[1])
    (tmp_path / SLOTS[1]).write_bytes(b"half")
    assert RunState(tmp_path, {}).load() is None
    assert "cannot be read" in capsys.readouterr().out


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


def test_ctrl_c_reports_where_the_run_resumes(train, monkeypatch):
    epochs = []

    def interrupted(self, epoch, *args, train_epoch=fit_module.Trainer.train_epoch):
        epochs.append(epoch)
        if epoch == 2:
            raise KeyboardInterrupt
        return train_epoch(self, epoch, *args)

    monkeypatch.setattr(fit_module.Trainer, "train_epoch", interrupted)
    with pytest.raises(
        UserError, match="interrupted in epoch 2; `dvc repro` resumes after epoch 1"
    ):
        train()


def test_exhausted_memory_names_the_batch_size_to_try(train, monkeypatch):
    def full(*_):
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(fit_module.Trainer, "train_epoch", full)
    with pytest.raises(UserError, match=r"batch_size to 4 and train\.accumulate_steps to 2"):
        train()


@pytest.mark.parametrize("place", ["state", f"state/{SLOTS[0]}", f"state/{LATEST}"])
def test_something_else_in_the_place_of_the_state_is_named_and_kept(tmp_path, place):
    (tmp_path / place).parent.mkdir(exist_ok=True)
    if place == "state":
        (tmp_path / place).write_text("mine")
    else:
        (tmp_path / place).mkdir()
    with pytest.raises(UserError, match=rf"{place} is in the place of the state.*move it away"):
        RunState(tmp_path / "state", {}).load()
    assert (tmp_path / place).exists()


@pytest.mark.parametrize("content", [[1, 2], "text", {"no": "fingerprint"}])
def test_a_file_of_torch_that_is_no_state_is_ignored(tmp_path, content, capsys):
    (tmp_path / LATEST).write_text(SLOTS[0])
    torch.save(content, tmp_path / SLOTS[0])
    assert RunState(tmp_path, {"params": "1"}).load() is None
    assert "cannot be read" in capsys.readouterr().out
