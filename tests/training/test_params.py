"""The recipe refuses what it cannot mean."""

import pytest
from pydantic import ValidationError

from emotion.training.params import TrainParams


def test_two_cures_for_imbalance_at_once_are_refused():
    with pytest.raises(ValidationError, match="already balances"):
        TrainParams(sampler="weighted", use_class_weights=True)


@pytest.mark.parametrize(
    "wrong",
    [{"epochs": 0}, {"lr_head": 0.0}, {"ema_decay": 1.0}, {"loss": "focall"}, {"lr_head": "1e-3"}],
    ids=str,
)
def test_values_out_of_range_are_refused(wrong):
    with pytest.raises(ValidationError):
        TrainParams(**wrong)
