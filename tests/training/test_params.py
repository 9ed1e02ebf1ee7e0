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


@pytest.mark.parametrize("amp", ["bf16", "fp16"])
def test_formats_that_not_every_processor_has_are_not_portable(amp):
    with pytest.raises(ValidationError, match="not the same on all processors"):
        TrainParams(deterministic="portable", amp=amp)


def test_another_word_than_portable_is_rejected():
    with pytest.raises(ValidationError):
        TrainParams(deterministic="portabel")
