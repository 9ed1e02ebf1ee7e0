"""The best epoch is kept, and epochs without a gain end the run."""

import dataclasses

import pytest

from emotion.training.progress import EpochMetrics, Progress
from tests.training.conftest import QUICK


def follow(scores, **params):
    """The number of the best epoch and the statuses, if the scores are those of validation."""
    params = dataclasses.replace(QUICK, epochs=len(scores), **params)
    progress, statuses = Progress(), []
    for epoch, score in enumerate(scores, start=1):
        zeros = {field.name: 0.0 for field in dataclasses.fields(EpochMetrics)}
        metrics = EpochMetrics(**zeros | {"val_macro_f1": score, "val_acc": 1 - 0.1 * epoch})
        progress = progress.advance(metrics, params, dict)
        statuses.append(progress.describe(params))
        if progress.stopped:
            break
    return progress.best.epoch, statuses


def test_training_stops_after_patience_epochs_without_a_gain():
    best, statuses = follow([0.1, 0.5, 0.4, 0.5, 0.4, 0.9], patience=3)
    assert best == 2
    assert statuses == ["best", "best", "no gain 1/3", "no gain 2/3", "early stop"]


@pytest.mark.parametrize(
    ("scores", "params", "expected"),
    [
        ([0.5, 0.4, 0.4, 0.4, 0.6], {"patience": 2, "freeze_backbone_epochs": 3}, 5),
        ([0.5, 0.505, 0.4], {"min_delta": 0.01}, 1),
        ([0.5, 0.505, 0.52], {"min_delta": 0.01}, 3),
        ([0.1, 0.2, 0.3], {"monitor": "accuracy"}, 1),  # accuracy falls
    ],
    ids=["frozen epochs do not count", "below min_delta", "above min_delta", "accuracy"],
)
def test_settings_decide_which_epoch_is_the_best(scores, params, expected):
    assert follow(scores, **params)[0] == expected
