"""Confidence intervals by cluster bootstrap: groups are resampled, not images.

Images of one person are not independent, so resampling images would make the interval too narrow.
Groups are drawn with replacement instead (Davison and Hinkley, "Bootstrap Methods and their
Application", 1997, section 3.8).
"""

from typing import NamedTuple

import numpy as np

from emotion import metrics


class Interval(NamedTuple):
    """A 95 % percentile interval."""

    low: float
    high: float


def bootstrap_intervals(
    labels: np.ndarray,
    predicted: np.ndarray,
    groups: np.ndarray,
    classes: int,
    resamples: int,
    seed: int = 0,
) -> dict[str, Interval]:
    """Intervals of `accuracy` and `macro_f1`.

    A score needs only the sum of the confusion matrices of the sampled groups, and groups with
    equal matrices are interchangeable. So one multinomial sample over the distinct matrices
    replaces resampling rows. The result does not depend on the order of rows and groups.

    Args:
        labels: shape (N,), class indices.
        predicted: shape (N,), class indices.
        groups: shape (N,), of any type; rows with equal values are resampled together.
        classes: C.
        resamples: number of bootstrap resamples.
        seed: of the resampling; fixed, so the interval is a function of the predictions.
    """
    cell = np.asarray(labels) * classes + np.asarray(predicted)
    group = np.unique(groups, return_inverse=True)[1]
    counts = np.zeros((group.max() + 1, classes * classes), dtype=np.int64)
    np.add.at(counts, (group, cell), 1)
    matrices, repeats = np.unique(counts, axis=0, return_counts=True)

    sampled = np.random.default_rng(seed).multinomial(
        len(counts), repeats / len(counts), size=resamples
    )
    confusions = (sampled @ matrices).reshape(resamples, classes, classes)
    hits = np.trace(confusions, axis1=1, axis2=2)
    scores = {
        "accuracy": hits / confusions.sum(axis=(1, 2)),
        "macro_f1": metrics.macro_f1_of(confusions),
    }
    return {
        name: Interval(*map(float, np.percentile(values, (2.5, 97.5))))
        for name, values in scores.items()
    }
