"""The model and the images of the tests of prediction, and an evaluation that takes little time."""

import pytest

from emotion.cli import evaluate
from tests.prediction.conftest import faces, onnx_file, party

__all__ = ["faces", "onnx_file", "party"]


@pytest.fixture
def fast_evaluation(monkeypatch):
    """Fewer resamples, and no figures: they take most of the time, and have their own tests."""
    monkeypatch.setattr(evaluate, "RESAMPLES", 200)
    for name in ("draw_figures", "draw_mistakes", "draw_label_noise"):
        monkeypatch.setattr(f"emotion.evaluation.outputs.{name}", lambda *_: None)
