"""Temperature scaling: calibrate the probabilities with one parameter.

A network trained to convergence is overconfident; one trained with MixUp and label smoothing is
underconfident. Dividing the logits by a temperature corrects both and changes no predicted class.
"""

import math

import numpy as np
from scipy import optimize

from emotion import metrics
from emotion.core.reports import Calibration

RANGE = (0.05, 20.0)  # keeps T finite if validation has no errors, or is no better than chance


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The T that minimizes the negative log-likelihood of logits / T.

    Guo et al., "On Calibration of Modern Neural Networks", 2017, section 4.2. Fit it on the
    validation split: a temperature fitted on the test split biases the test scores.

    Args:
        logits: shape (N, C).
        labels: shape (N,), class indices.

    Returns:
        T in RANGE, rounded to 4 decimals so that every reader of the file divides by the same.
    """
    # In log T, the search treats 1/2 and 2 symmetrically.
    found = optimize.minimize_scalar(
        lambda log_t: metrics.nll(logits / math.exp(log_t), labels),
        bounds=(math.log(RANGE[0]), math.log(RANGE[1])),
        method="bounded",
        options={"xatol": 1e-7},
    )
    return round(math.exp(found.x), 4)


def calibrate(logits: np.ndarray, labels: np.ndarray) -> Calibration:
    """Fit the temperature, and compute the validation NLL before and after it."""
    temperature = fit_temperature(logits, labels)
    return Calibration(
        temperature=temperature,
        val_nll_before=round(metrics.nll(logits, labels), 6),
        val_nll_after=round(metrics.nll(logits / temperature, labels), 6),
    )
