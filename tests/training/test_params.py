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
        {"deterministic": "portabel"},
        {"layer_decay": 0.8},  # removed
    ],
    ids=str,
)
def test_invalid_values_are_rejected(wrong):
    with pytest.raises(ValidationError) as caught:
        TrainParams(**wrong)
    assert {error["loc"][0] for error in caught.value.errors()} == set(wrong)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"sampler": "weighted", "use_class_weights": True}, "use_class_weights"),
        # Formats that not every processor has:
        ({"deterministic": "portable", "amp": "bf16"}, "deterministic"),
        ({"deterministic": "portable", "amp": "fp16"}, "deterministic"),
    ],
    ids=str,
)
def test_settings_that_contradict_each_other_are_rejected(wrong, named):
    with pytest.raises(ValidationError, match=named):
        TrainParams(**wrong)
