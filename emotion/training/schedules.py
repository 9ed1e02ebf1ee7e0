"""Learning-rate schedules: linear warm-up of the head on a frozen backbone, then one of SCHEDULES.

Each schedule maps the progress through the unfrozen steps, 0..1, to a factor of the peak learning
rate; backbone and head have peaks of their own. Schedules are pure functions of the step, unlike
torch's schedulers: a resumed run needs no scheduler state. To add one, write a function here and
an entry in SCHEDULES.
"""

import math

ONE_CYCLE_WARMUP = 0.3  # share of the steps with a rising rate (Smith and Topin, 2018)
ONE_CYCLE_START = 1 / 25  # of the peak
RESTARTS = 3  # equal cycles (Loshchilov and Hutter, 2017)


def cosine(progress: float) -> float:
    """From 1 to 0 along half a cosine."""
    return 0.5 * (1 + math.cos(math.pi * progress))


def one_cycle(progress: float) -> float:
    """Up from ONE_CYCLE_START to 1, then down to 0, both along half a cosine."""
    if progress < ONE_CYCLE_WARMUP:
        rise = 1 - cosine(progress / ONE_CYCLE_WARMUP)
        return ONE_CYCLE_START + (1 - ONE_CYCLE_START) * rise
    return cosine((progress - ONE_CYCLE_WARMUP) / (1 - ONE_CYCLE_WARMUP))


def cosine_restarts(progress: float) -> float:
    """RESTARTS cosines, one after another."""
    return cosine(progress * RESTARTS % 1) if progress < 1 else 0.0


SCHEDULES = {"cosine": cosine, "one_cycle": one_cycle, "cosine_restarts": cosine_restarts}


def learning_rate_factors(
    scheduler: str, step: int, frozen_steps: int, total_steps: int
) -> tuple[float, float]:
    """Factors of (lr_backbone, lr_head) at a step, each in 0..1.

    Args:
        scheduler: a key of SCHEDULES.
        step: from 0, below `total_steps`.
        frozen_steps: steps with a frozen backbone; its factor is 0 there, and that of the head
            rises linearly.
        total_steps: of the whole run.
    """
    if step < frozen_steps:
        return 0.0, (step + 1) / frozen_steps
    factor = SCHEDULES[scheduler]((step - frozen_steps) / (total_steps - frozen_steps))
    return factor, factor
