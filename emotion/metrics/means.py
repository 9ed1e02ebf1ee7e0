"""Compute the mean over images of which some belong together, with its 95 % interval."""

from typing import NamedTuple

import numpy as np
from scipy import stats

from emotion.metrics.bootstrap import LEVEL, Interval


class Mean(NamedTuple):
    """A mean, and its 95 % interval if it is defined."""

    value: float
    interval: Interval | None


def mean_by_group(
    values: np.ndarray, groups: np.ndarray, bounds: tuple[float, float] = (-np.inf, np.inf)
) -> Mean | None:
    """The mean of values whose errors may depend on each other within a group.

    Student's interval with the cluster-robust standard error (Cameron and Miller, "A Practitioner's
    Guide to Cluster-Robust Inference", 2015, equation 11 with the correction G / (G - 1)). Unlike
    the bootstrap of this package it takes values of any range, and a mean needs no resampling.

    Args:
        values: float (N,); NaN is left out.
        groups: (N,), of any type; rows with equal values may be dependent.
        bounds: lowest and highest possible value, to which the interval is clipped.

    Returns:
        None if no value is defined; no interval with fewer than two groups.
    """
    defined = ~np.isnan(values)
    values, groups = values[defined], groups[defined]
    if not len(values):
        return None
    mean = float(values.mean())
    _, group = np.unique(groups, return_inverse=True)
    count = int(group.max()) + 1
    if count < 2:
        return Mean(mean, None)
    residuals = np.bincount(group, values - mean)
    error = np.sqrt(count / (count - 1) * (residuals**2).sum()) / len(values)
    half = float(stats.t.ppf((1 + LEVEL) / 2, count - 1) * error)
    low, high = np.clip((mean - half, mean + half), *bounds).tolist()
    return Mean(mean, Interval(low, high))
