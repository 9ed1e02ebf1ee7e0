"""Contradictory and invalid settings of training are rejected."""

import pytest
from pydantic import ValidationError

from emotion.training.params import TrainParams


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0},
        {"lr_head": 0.0},
        {"lr_head": "1e-3"},
        {"ema_decay": 1.0},
        {"loss": "focall"},
        {"deterministic": "portable"},  # removed
        {"layer_decay": 0.8},  # removed
    ],
    ids=str,
)
def test_invalid_values_are_rejected(wrong):
    with pytest.raises(ValidationError) as caught:
        TrainParams(**wrong)
    assert {error["loc"][0] for error in caught.value.errors()} == set(wrong)


def test_settings_that_contradict_each_other_are_rejected():
    with pytest.raises(ValidationError, match="use_class_weights"):
        TrainParams(sampler="weighted", use_class_weights=True)
