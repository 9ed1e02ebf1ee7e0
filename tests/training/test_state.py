"""A killed run goes on from its last finished epoch, and ends as if nothing had happened."""

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

# Imports once, then forks a run whenever it is told to: starting Python takes longer than the run.
NURSERY = """
import dataclasses, os, sys
from pathlib import Path
import pandas as pd
import emotion.models
from emotion.training.fit import fit
from emotion.training.state import discard_state
from tests.training.conftest import QUICK

def run():
    rows = pd.read_csv("rows.csv", dtype=str)
    params = dataclasses.replace(QUICK, epochs=6, patience=6)
    checkpoint = fit(rows[:16], rows[16:], {"happy": 0, "sad": 1}, {"happy": 1.0, "sad": 1.0},
        Path("pretrained"), params, Path("log"), Path("state"))
    checkpoint.save(Path("best_model.pth"))
    discard_state(Path("state"))

for _ in sys.stdin:
    child = os.fork()
    if child == 0:
        sys.stdout = sys.stderr = open(os.devnull, "w")
        run()
        os._exit(0)
    print("started", child, flush=True)
    print("ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Killed(Exception):  # noqa: N818 (stands for a signal)
    """Stands for kill -9 after an epoch."""


def outcome(folder: Path, model: Path) -> dict[str, bytes]:
    """The bytes that must not depend on interruptions: the model and the curves."""
    curves = sorted((folder / CURVES).glob("*.tsv"))
    files = [path for path in curves if "seconds" not in path.name]
    assert len(files) == 7
    return {path.name: path.read_bytes() for path in [model, *files]}


def test_a_run_stopped_after_any_epoch_ends_with_the_same_bytes(train, tmp_path, monkeypatch):
    train(log="whole").save(tmp_path / "whole" / "best_model.pth")
    expected = outcome(tmp_path / "whole", tmp_path / "whole" / "best_model.pth")
    save = RunState.save
    for last in (1, 2, 3):

        def save_and_die(self, content, last=last):
            save(self, content)
            if content["epoch"] == last:
                raise Killed

        monkeypatch.setattr(RunState, "save", save_and_die)
        with pytest.raises(Killed):
            train(log="parts")
        monkeypatch.setattr(RunState, "save", save)
        train(log="parts").save(tmp_path / "parts" / "best_model.pth")
        assert outcome(tmp_path / "parts", tmp_path / "parts" / "best_model.pth") == expected


class Nursery:
    """Runs the same training again and again, killed after a while or let be."""

    def __init__(self, folder: Path):
        environment = {
            **os.environ,
            "DVC_TEST": "true",
            "PYTHONPATH": str(Path.cwd()),
            "OMP_NUM_THREADS": "1",  # a fork of a process with threads may never return
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", NURSERY],
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
        child = int(self.process.stdout.readline().split()[1])
        if kill_after is not None:
            time.sleep(kill_after)
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        return int(self.process.stdout.readline().split()[1])


@pytest.mark.slow
@pytest.mark.usefixtures("weights_folder")
def test_twenty_kills_at_random_moments_leave_the_same_bytes(tmp_path, striped_rows):
    striped_rows.to_csv(tmp_path / "rows.csv", index=False)
    nursery, model = Nursery(tmp_path), tmp_path / "best_model.pth"
    for _ in range(2):  # the first also waits for the imports
        began = time.monotonic()
        assert nursery.run() == 0
        whole = time.monotonic() - began
        expected = outcome(tmp_path / "log", model)
        model.unlink()

    kills, rng = 0, random.Random(0)
    while kills < 20:
        code = nursery.run(kill_after=rng.uniform(0.1, 0.8) * whole)
        kills += code == -signal.SIGKILL
        # Now and then a run comes through between two kills: it is checked, and the next is new.
        assert code in {0, -signal.SIGKILL}
        if code == 0:
            assert outcome(tmp_path / "log", model) == expected
            model.unlink()
    assert nursery.run() == 0
    assert outcome(tmp_path / "log", model) == expected
    assert not list((tmp_path / "state").iterdir())


@pytest.mark.parametrize("changes", [{"lr_head": 2e-3}, {"class_weights": {"happy": 2, "sad": 1}}])
def test_another_run_starts_afresh_and_says_what_changed(train, monkeypatch, capsys, changes):
    save = RunState.save

    def save_and_die(self, content):
        save(self, content)
        raise Killed

    monkeypatch.setattr(RunState, "save", save_and_die)
    with pytest.raises(Killed):
        train()
    monkeypatch.setattr(RunState, "save", save)
    afresh = train(**changes)
    said = "params" if "lr_head" in changes else "data"
    assert f"had other {said}; starting afresh" in capsys.readouterr().out
    assert afresh.state_dict.keys() == train(**changes).state_dict.keys()


def test_a_state_half_written_leaves_the_one_before(tmp_path, monkeypatch):
    def killed(_, file):
        file.write(b"half of a new state, over what lay there")
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


def test_a_full_disk_is_a_sentence_and_leaves_the_state_before(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    RunState(tmp_path, {}).save({"epoch": 1})
    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(UserError, match="the disk is full"):
        RunState(tmp_path, {}).save({"epoch": 2})
    assert RunState(tmp_path, {}).load()["epoch"] == 1


def test_a_broken_state_is_said_and_passed_over(tmp_path, capsys):
    (tmp_path / LATEST).write_text(SLOTS[1])
    (tmp_path / SLOTS[1]).write_bytes(b"half")
    assert RunState(tmp_path, {}).load() is None
    assert "cannot be read" in capsys.readouterr().out


def test_the_fingerprint_heeds_data_weights_and_machine(tmp_path):
    (tmp_path / "weights").write_text("1")
    rows = pd.DataFrame({"path": ["a"], "sha256": ["0"]})
    base = {"teacher": ""}, [rows], tmp_path, {"happy": 1.0}, "fp32, processes: 1"
    before = compute_fingerprint(*base)
    assert compute_fingerprint(*base) == before

    def changed(place, value):
        other = compute_fingerprint(*(value if i == place else v for i, v in enumerate(base)))
        return {name for name in before if before[name] != other[name]}

    assert changed(0, {"teacher": "", "seed": 1}) == {"params"}
    assert changed(1, [rows.assign(sha256="1")]) == {"data"}
    assert changed(3, {"happy": 2.0}) == {"data"}
    assert changed(4, "fp32, processes: 2") == {"machine"}
    (tmp_path / "weights").write_text("2")
    assert {n for n, v in compute_fingerprint(*base).items() if v != before[n]} == {"weights"}


def test_ctrl_c_says_where_the_run_goes_on(train, monkeypatch):
    epochs = []

    def interrupted(self, epoch, train_epoch=fit_module.Trainer.train_epoch):
        epochs.append(epoch)
        if epoch == 2:
            raise KeyboardInterrupt
        return train_epoch(self, epoch)

    monkeypatch.setattr(fit_module.Trainer, "train_epoch", interrupted)
    with pytest.raises(
        UserError, match="interrupted in epoch 2; `dvc repro` goes on after epoch 1"
    ):
        train()


def test_memory_that_runs_out_names_the_batch_size_to_try(train, monkeypatch):
    def full(*_):
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(fit_module.Trainer, "train_epoch", full)
    with pytest.raises(UserError, match="set batch_size to 4 and accumulate_steps to 2"):
        train()
