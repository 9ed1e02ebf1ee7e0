"""Temperature scaling: one number that makes the probabilities mean what they say.

A network trained to the end is too sure, one trained with MixUp and label smoothing not sure
enough. Dividing the logits by a temperature mends both and leaves every predicted class as it was.
"""

import math

import numpy as np
from scipy import optimize

from emotion import metrics

RANGE = (0.05, 20.0)  # keeps T finite where validation is all right, or no better than chance


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The T that minimizes the negative log-likelihood of logits / T.

    Guo et al., "On Calibration of Modern Neural Networks", 2017, section 4.2. Fit it on the
    validation split: a temperature fitted on the test split would flatter it.

    Args:
        logits: shape (N, C).
        labels: shape (N,), class indices.

    Returns:
        T in RANGE, rounded to 4 decimals so that every reader of the file divides by the same.
    """
    # Over log T the search treats 1/2 and 2 alike.
    found = optimize.minimize_scalar(
        lambda log_t: metrics.nll(logits / math.exp(log_t), labels),
        bounds=tuple(map(math.log, RANGE)),
        method="bounded",
        options={"xatol": 1e-7},
    )
    return round(math.exp(found.x), 4)


def calibrate(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Content of calibration.json: the temperature, and validation NLL without and with it."""
    temperature = fit_temperature(logits, labels)
    return {
        "temperature": temperature,
        "val_nll_before": round(metrics.nll(logits, labels), 6),
        "val_nll_after": round(metrics.nll(logits / temperature, labels), 6),
    }
