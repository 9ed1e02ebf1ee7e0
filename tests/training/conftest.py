"""A run in seconds: timm's tiny network on striped images."""

import dataclasses

import pytest

from emotion.models.sources.pretrained import PretrainedParams, fetch_pretrained
from emotion.training.fit import fit
from emotion.training.params import TrainParams
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


@pytest.fixture
def weights_folder(tmp_path):
    folder = tmp_path / "pretrained"
    fetch_pretrained(PretrainedParams(model_type=SMALL_MODEL, pretrained="none"), folder, tmp_path)
    return folder


@pytest.fixture
def train(tmp_path, monkeypatch, striped_rows, weights_folder):
    """Train with changed params; `train(epochs=1)` returns the checkpoint."""
    monkeypatch.setenv("DVC_TEST", "true")
    monkeypatch.chdir(tmp_path)

    def run(log="log", class_weights=None, state="state", **changes):
        checkpoint = fit(
            train_rows=striped_rows[:16],
            val_rows=striped_rows[16:],
            label_map={"happy": 0, "sad": 1},
            class_weights=class_weights or {"happy": 1.0, "sad": 1.0},
            weights_folder=weights_folder,
            params=dataclasses.replace(QUICK, **changes),
            log_folder=tmp_path / log,
            timing_file=tmp_path / f"{log}_timing.json",
            state_folder=tmp_path / state,
        )
        discard_state(tmp_path / state)  # as the stage does once all is written
        return checkpoint

    return run
