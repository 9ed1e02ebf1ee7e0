"""Calibrate the probabilities by temperature scaling, with one parameter.

A network trained to convergence is overconfident; one trained with MixUp and label smoothing is
underconfident. Dividing the logits by a temperature corrects both and changes no predicted class.
The temperature is kept only if it helps validation images that it was not fitted on by more than
chance: with little data, the fitted one is as likely to worsen the probabilities.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy import optimize

from emotion.core.reports import Calibration
from emotion.core.seeding import derive_seed
from emotion.core.text import counted
from emotion.evaluation.abstention import choose_threshold
from emotion.evaluation.predictions import SplitPredictions
from emotion.metrics import scores
from emotion.metrics.means import mean_by_group

RANGE = (0.05, 20.0)  # keeps T finite if validation has no errors, or is no better than chance
FOLDS = 5
MIN_GROUPS = 10  # with fewer, an interval from the skewed differences of NLL is not reliable


class Gain(NamedTuple):
    """Fall of the mean NLL due to a temperature, with its 95 % interval."""

    mean: float
    low: float
    high: float


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The T that minimizes the negative log-likelihood of logits / T.

    Guo et al., "On Calibration of Modern Neural Networks", 2017, section 4.2. Fit it on the
    validation split: a temperature fitted on the test split biases the test scores.

    Args:
        logits: float (N, C).
        labels: int (N,), class indices in 0..C-1.

    Returns:
        T in RANGE, rounded to 4 decimals so that every reader of the file divides by the same.
    """
    # In log T, the search treats 1/2 and 2 symmetrically.
    found = optimize.minimize_scalar(
        lambda log_t: scores.nll(logits / math.exp(log_t), labels),
        bounds=[math.log(limit) for limit in RANGE],
        options={"xatol": 1e-7},
    )
    return round(math.exp(found.x), 4)


def cross_fitted_gain(logits: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> Gain:
    """The gain of temperature scaling on groups that the temperature was not fitted on.

    Cross-fitting: each of FOLDS folds of the groups is scored with the temperature of the other
    folds. The interval is that of `mean_by_group`, since the rows of a group are dependent.

    Args:
        logits: float (N, C).
        labels: int (N,), class indices in 0..C-1.
        groups: (N,), of any type; two or more different values.
    """
    names, group = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    # Folds of equal size, in an order that depends on the names alone.
    rank = np.argsort(np.argsort([derive_seed("calibration", name) for name in names]))
    fold = rank[group] % FOLDS
    gains = np.empty(len(labels))
    for held_out in np.unique(fold):
        fit, score = fold != held_out, fold == held_out
        fitted = fit_temperature(logits[fit], labels[fit])
        before, after = (scores.losses(logits[score] / t, labels[score]) for t in (1.0, fitted))
        gains[score] = before - after
    mean = mean_by_group(gains, group)
    assert mean  # of two or more groups
    assert mean.interval
    return Gain(*(round(value, 6) for value in (mean.value, *mean.interval)))


def calibrate(val: SplitPredictions, target_error: float | None, flip: bool = False) -> Calibration:
    """Choose the temperature, and then the threshold below which a prediction is uncertain.

    Args:
        val: predictions for the validation split.
        target_error: target error rate of the accepted images, in (0, 1); None accepts all.
        flip: recorded: whether the logits are averaged over mirror images.
    """
    groups = val.rows["group"].to_numpy()
    fitted = fit_temperature(val.logits, val.labels)
    count = len(np.unique(groups))
    gain, temperature = None, 1.0
    if count < MIN_GROUPS:
        found = counted(count, "group")
        reason = f"left at 1: {found} in validation, and {MIN_GROUPS} are needed to judge it"
    elif min(abs(math.log(fitted / limit)) for limit in RANGE) < 0.01:  # it is never quite reached
        reason = (
            f"left at 1: the fit on validation ended at {fitted:g}, a limit of its range "
            f"{RANGE[0]:g} to {RANGE[1]:g}, as it does without errors or without skill"
        )
    else:
        gain = cross_fitted_gain(val.logits, val.labels, groups)
        reason = _reason(fitted, gain, count)
        temperature = fitted if gain.low > 0 else 1.0
    abstention = choose_threshold(val.confidence(temperature), val.correct, groups, target_error)
    return Calibration(
        temperature=temperature,
        flip=flip,
        val_nll_before=round(scores.nll(val.logits, val.labels), 6),
        val_nll_after=round(scores.nll(val.logits / temperature, val.labels), 6),
        fitted_temperature=fitted,
        val_nll_gain=gain.mean if gain else None,
        val_nll_gain_low=gain.low if gain else None,
        val_nll_gain_high=gain.high if gain else None,
        reason=reason,
        threshold=abstention.threshold,
        target_error=target_error,
        threshold_reason=abstention.reason,
    )


def _reason(fitted: float, gain: Gain, groups: int) -> str:
    over = f"per image (95 % interval, cross-fitted over {groups:,} groups)"
    mean, low, high = gain
    if low > 0:
        return f"kept: validation NLL falls by {mean:.4f} [{low:.4f}, {high:.4f}] {over}"
    return (
        f"left at 1: with the fitted {fitted:g}, validation NLL changes by {-mean:+.4f} "
        f"[{-high:+.4f}, {-low:+.4f}] {over}, so it is not shown to help"
    )
