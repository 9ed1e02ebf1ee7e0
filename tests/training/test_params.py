"""Contradictory and invalid settings of training are rejected."""

import pytest
from pydantic import ValidationError

from emotion.training.params import TrainParams


def test_a_weighted_sampler_together_with_class_weights_is_rejected():
    with pytest.raises(ValidationError, match="already balances"):
        TrainParams(sampler="weighted", use_class_weights=True)


@pytest.mark.parametrize(
    "wrong",
    [{"epochs": 0}, {"lr_head": 0.0}, {"ema_decay": 1.0}, {"loss": "focall"}, {"lr_head": "1e-3"}],
    ids=str,
)
def test_invalid_values_are_rejected(wrong):
    with pytest.raises(ValidationError):
        TrainParams(**wrong)
