"""Learning-rate curves against torch's own schedulers."""

import math
from functools import partial

import pytest
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, CosineAnnealingWarmRestarts

from emotion.training.schedules import (
    ONE_CYCLE_START,
    ONE_CYCLE_WARMUP,
    SCHEDULES,
    learning_rate_factors,
)


def rates_of(scheduler_class, steps):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = scheduler_class(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize(
    ("name", "steps", "reference"),
    [
        ("cosine", 20, partial(CosineAnnealingLR, T_max=20)),
        ("cosine_restarts", 30, partial(CosineAnnealingWarmRestarts, T_0=10)),  # equal cycles
    ],
)
def test_a_schedule_equals_torchs_scheduler(name, steps, reference):
    ours = [SCHEDULES[name](step / steps) for step in range(steps)]
    assert ours == pytest.approx(rates_of(reference, steps), abs=1e-6)


def test_one_cycle_starts_low_peaks_once_and_ends_at_zero():
    values = [SCHEDULES["one_cycle"](step / 1000) for step in range(1001)]
    assert values[0] == pytest.approx(ONE_CYCLE_START)
    assert values.index(max(values)) == pytest.approx(1000 * ONE_CYCLE_WARMUP)
    assert max(values) == pytest.approx(1)
    assert values[-1] == pytest.approx(0)
    # torch's curve, at the middle of the descent
    assert SCHEDULES["one_cycle"](0.65) == pytest.approx(0.5 * (1 + math.cos(math.pi * 0.5)))


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_head_warms_up_on_a_frozen_backbone_then_both_follow_one_curve(name):
    shares = [learning_rate_factors(name, step, 5, 25) for step in range(25)]
    assert [backbone for backbone, _ in shares[:5]] == [0.0] * 5
    assert [head for _, head in shares[:5]] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert all(backbone == head for backbone, head in shares[5:])


def test_without_a_frozen_stage_the_curve_starts_at_once():
    assert learning_rate_factors("cosine", 0, 0, 10) == (1.0, 1.0)
