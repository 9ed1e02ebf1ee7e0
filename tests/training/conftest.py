"""A run in seconds: timm's tiny network on striped images."""

import dataclasses
from pathlib import Path

import pytest

from emotion.models.sources.pretrained import PretrainedParams, fetch_pretrained
from emotion.training.fit import fit
from emotion.training.params import TrainParams
from emotion.training.run import RunPaths
from emotion.training.state import discard_state
from tests.conftest import SMALL_MODEL

QUICK = TrainParams(
    img_size=32,
    batch_size=8,
    epochs=3,
    freeze_backbone_epochs=1,
    lr_backbone=1e-3,
    use_mixup=False,
    ema_decay=0.9,
    seed=7,
)


def paths_in(folder: Path, log: str = "log") -> RunPaths:
    """Paths in one folder; runs with another log share weights and state."""
    return RunPaths(
        weights=folder / "pretrained",
        log=folder / log,
        timing=folder / f"{log}_timing.json",
        state=folder / "state",
    )


@pytest.fixture
def weights_folder(tmp_path):
    folder = paths_in(tmp_path).weights
    fetch_pretrained(PretrainedParams(model_type=SMALL_MODEL, pretrained="none"), folder, tmp_path)
    return folder


@pytest.fixture
def train(tmp_path, monkeypatch, striped_rows, weights_folder):  # noqa: ARG001, the folder is read
    """Train with changed params; `train(epochs=1)` returns the checkpoint."""
    monkeypatch.setenv("DVC_TEST", "true")
    monkeypatch.chdir(tmp_path)

    def run(log="log", class_weights=None, **changes):
        checkpoint = fit(
            striped_rows[:16],
            striped_rows[16:],
            {"happy": 0, "sad": 1},
            class_weights or {"happy": 1.0, "sad": 1.0},
            dataclasses.replace(QUICK, **changes),
            paths_in(tmp_path, log),
        )
        discard_state(tmp_path / "state")  # as the stage does once all is written
        return checkpoint

    return run
