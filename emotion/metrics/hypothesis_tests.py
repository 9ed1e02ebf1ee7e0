"""Test whether a difference is more than chance, and correct the p-values of several tests."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats


class McNemar(NamedTuple):
    """McNemar's exact test of two classifiers; it treats the images as independent."""

    only_first: int  # images that only the first classifies correctly
    only_second: int
    p_value: float  # two-sided, in (0, 1]; 1 if both are correct for the same images


def mcnemar_exact(correct: np.ndarray, other: np.ndarray) -> McNemar:
    """McNemar's exact test: are two classifiers equally often correct?

    It treats the images as independent; with several images per person its p-value is too small.
    McNemar, "Note on the sampling error of the difference between correlated proportions", 1947;
    in the exact, binomial form.

    Args:
        correct: bool (N,), whether the first classifier is correct.
        other: the same of the second, for the same images.
    """
    correct, other = np.asarray(correct, dtype=bool), np.asarray(other, dtype=bool)
    only_first, only_second = int(np.sum(correct & ~other)), int(np.sum(~correct & other))
    differing = only_first + only_second
    p_value = float(stats.binomtest(only_first, differing).pvalue) if differing else 1.0
    return McNemar(only_first, only_second, p_value)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given, that control the family-wise error rate.

    Holm, "A simple sequentially rejective multiple test procedure", 1979. An adjusted value can be
    compared with the level of a single test, such as 0.05.

    Args:
        p_values: of the tests, each in 0..1.
    """
    order = np.argsort(p_values, kind="stable")
    scaled = np.arange(len(p_values), 0, -1) * np.asarray(p_values)[order]
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1)
    return adjusted.tolist()
