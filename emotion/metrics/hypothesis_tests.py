"""Tests of whether a difference is more than chance, and their correction for several at once."""

from collections.abc import Sequence

import numpy as np
from scipy import stats


def mcnemar_exact(correct: np.ndarray, other: np.ndarray) -> float:
    """Two-sided p-value of McNemar's exact test: are two classifiers equally often correct?

    It treats the images as independent; with several images per person its p-value is too small.
    McNemar, "Note on the sampling error of the difference between correlated proportions", 1947;
    in the exact, binomial form.

    Args:
        correct: whether the first classifier is correct, shape (N,).
        other: the same of the second, for the same images.
    """
    correct, other = np.asarray(correct, dtype=bool), np.asarray(other, dtype=bool)
    only_first, only_second = int(np.sum(correct & ~other)), int(np.sum(~correct & other))
    if only_first + only_second == 0:
        return 1.0
    return float(stats.binomtest(only_first, only_first + only_second).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given, that control the family-wise error rate.

    Holm, "A simple sequentially rejective multiple test procedure", 1979. An adjusted value can be
    compared with the level of a single test, such as 0.05.
    """
    order = np.argsort(p_values, kind="stable")
    adjusted = np.empty(len(p_values))
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return [float(value) for value in adjusted]
