"""Test whether the accuracy differs between the values of an attribute, or only by chance.

Some value always has the lowest accuracy. The test permutes the values over the images, as if they
did not matter, and counts how often they then differ as clearly. Images of one person are not
independent, so whole groups exchange their values (Winkler et al., "Multi-level block permutation",
2015).
"""

import numpy as np
import pandas as pd
from scipy.stats import random_table

from emotion.core.reports import SliceGap
from emotion.core.seeding import derive_seed
from emotion.evaluation.predictions import SplitPredictions
from emotion.evaluation.slices import MIN_ROWS, MISSING, is_sliced, read_attributes
from emotion.metrics.bootstrap import distinct_rows
from emotion.metrics.hypothesis_tests import holm

LEVEL = 0.05  # of the adjusted p-value, below which a difference counts as shown
BATCH = 200  # permutations at once; limits the memory


def compute_gaps(
    predictions: SplitPredictions, permutations: int = 2000, seed: int = 0
) -> dict[str, SliceGap]:
    """The largest gap in accuracy between two values of each attribute, and its p-value.

    The hypothesis is that the attribute does not matter. The statistic is the largest difference of
    two values in units of its standard error (Chung and Romano, "Exact and asymptotically robust
    permutation tests", 2013), over the values that then have MIN_ROWS rows. The plain gap is mostly
    noise of the smallest slice: with two frequent and five rare values it found a true difference
    of 15 points in 10 % of simulations, and this statistic in 59 % (500 images,
    benchmarks/simulate_slices.py). The p-value is about the attribute as a whole: a low one does
    not prove that just the two named values differ.

    Groups whose rows have the same value exchange it. In groups with several values the rows
    exchange theirs, so of these groups only differences within them are tested. The test is exact
    if values do not depend on the sizes of groups, and approximate if they do. Rows without a value
    are left out.

    Args:
        predictions: of one split.
        permutations: of each attribute. No p-value is below 1 / (permutations + 1), so with 2000
            nothing is shown for more than 100 attributes.
        seed: fixed by default, so that a p-value is a function of the predictions.

    Returns:
        The gap of each attribute with at least two values of MIN_ROWS rows; adjusted p-values are
        Holm's over these.
    """
    correct = predictions.correct
    group = np.unique(predictions.rows["group"], return_inverse=True)[1]
    similarity = intraclass_correlation(correct, group)
    accuracies, p_values = {}, []
    for attribute, values in read_attributes(predictions.rows).items():
        known = values[values != MISSING]
        if not is_sliced(values) or (known.value_counts() >= MIN_ROWS).sum() < 2:
            continue
        names, value = np.unique(known, return_inverse=True)
        blocks = Blocks(correct[known.index], group[known.index], value, similarity)
        rows, hits, _ = blocks.observed.T
        accuracies[attribute] = pd.Series(hits / rows, names)[rows >= MIN_ROWS]
        random = np.random.default_rng(derive_seed("slice gaps", attribute, seed))
        p_values.append(blocks.p_value(permutations, random))
    found = zip(accuracies.items(), p_values, holm(p_values), strict=True)
    return {name: _describe(name, accuracy, *p) for (name, accuracy), *p in found}


def intraclass_correlation(correct: np.ndarray, group: np.ndarray) -> float:
    """Correlation of the correctness of two rows of one group, in 0..1; 0 where undefined.

    The moment estimator: mean product of the deviations of all pairs, over the variance (Fisher,
    "Statistical Methods for Research Workers", 1925, chapter VII; here for groups of any size).

    Args:
        correct: bool (N,).
        group: int (N,), indices from 0.
    """
    deviations = correct - correct.mean()
    size = np.bincount(group)
    products = np.bincount(group, deviations) ** 2 - np.bincount(group, deviations**2)
    pairs, variance = (size * (size - 1)).sum(), np.mean(deviations**2)
    return float(np.clip(products.sum() / pairs / variance, 0, 1)) if pairs and variance else 0.0


class Blocks:
    """The rows of one attribute, split into what a permutation exchanges.

    A difference needs only three sums per value: rows, correct rows, and the variance of the
    number of correct rows, in units of the variance of one row. It is n (1 + (n - 1) r) for n rows
    of a group that correlate by r (Kish, "Survey Sampling", 1965, section 5.4).

    Args:
        correct: bool (N,).
        group: int (N,), indices.
        value: int (N,), indices.
        similarity: from `intraclass_correlation`, in 0..1.
    """

    def __init__(
        self, correct: np.ndarray, group: np.ndarray, value: np.ndarray, similarity: float
    ) -> None:
        group, value = (np.unique(column, return_inverse=True)[1] for column in (group, value))
        counts = np.zeros((group.max() + 1, value.max() + 1), dtype=np.int64)
        np.add.at(counts, (group, value), 1)
        hits, size = np.bincount(group, correct).astype(np.int64), counts.sum(axis=1)
        whole = (counts > 0).sum(axis=1) == 1
        # Groups of equal size and hits are interchangeable, so random tables of how many of them
        # have which value replace permuting groups, and likewise for rows within a group.
        types, self.groups_of_type = distinct_rows(np.column_stack([size, hits])[whole])
        rows = types[:, 0]
        self.types = np.column_stack([types, rows * (1 + (rows - 1) * similarity)])
        self.groups_of_value = (counts[whole] > 0).sum(axis=0)
        self.mixed, self.repeats = distinct_rows(np.column_stack([counts, hits])[~whole])
        weight = np.where(whole, 1 + (size - 1) * similarity, 1.0)[group]
        columns = (np.ones(len(value)), correct, weight)
        self.observed = np.stack([np.bincount(value, column) for column in columns], axis=1)

    def p_value(self, permutations: int, random: np.random.Generator) -> float:
        """Fraction of permutations with values as different as observed, which counts as one more.

        Phipson and Smyth, "Permutation p-values should never be zero", 2010.
        """
        observed = largest_difference(self.observed)
        as_large = 0
        for start in range(0, permutations, BATCH):
            drawn = self.permute(min(BATCH, permutations - start), random)
            as_large += int(np.sum(largest_difference(drawn) >= observed * (1 - 1e-9)))
        return (1 + as_large) / (1 + permutations)

    def permute(self, permutations: int, random: np.random.Generator) -> np.ndarray:
        """Sums of random permutations, float64 (permutations, V, 3)."""
        drawn = np.zeros((permutations, *self.observed.shape))
        if len(self.types):
            tables = random_table.rvs(
                self.groups_of_type, self.groups_of_value, size=permutations, random_state=random
            )
            drawn += tables.swapaxes(1, 2).astype(np.float64) @ self.types
        for (*counts, hits), repeats in zip(self.mixed, self.repeats, strict=True):
            size = (permutations, repeats)
            drawn[..., 1] += random.multivariate_hypergeometric(counts, hits, size=size).sum(axis=1)
        drawn[..., [0, 2]] += (self.repeats @ self.mixed)[:-1, None]
        return drawn


def largest_difference(sums: np.ndarray) -> np.ndarray:
    """Largest difference of accuracy between two values, in standard errors up to a factor.

    The factor is the standard deviation of one row, which no permutation changes.

    Args:
        sums: float (..., V, 3), as in `Blocks`.

    Returns:
        float64 (...), 0 or more; 0 with fewer than two values of MIN_ROWS rows.
    """
    rows, hits, variance = np.moveaxis(sums, -1, 0)
    rows = np.where(rows >= MIN_ROWS, rows, np.nan)
    accuracy, squared_error = hits / rows, variance / rows**2
    difference = accuracy[..., :, None] - accuracy[..., None, :]
    error = np.sqrt(squared_error[..., :, None] + squared_error[..., None, :])
    return np.asarray(np.nan_to_num(difference / error).max(axis=(-2, -1)))


def _describe(attribute: str, accuracy: pd.Series, p_value: float, p_adjusted: float) -> SliceGap:
    low, high = accuracy.min(), accuracy.max()
    lowest, highest = str(accuracy.idxmin()), str(accuracy.idxmax())
    share = f"{100 * p_value:.0f} %" if p_value >= 0.01 else "less than 1 %"
    verdict = "the values differ" if p_adjusted < LEVEL else "no difference is shown"
    return SliceGap(
        lowest_accuracy=low,
        lowest_value=lowest,
        highest_accuracy=high,
        highest_value=highest,
        gap=high - low,
        p_value=p_value,
        p_adjusted=p_adjusted,
        sentence=(
            f"{attribute}: accuracy {low:.2f} ({lowest}) to {high:.2f} ({highest}), a gap of "
            f"{high - low:.2f}; in {share} of random permutations the values differ as clearly "
            f"(p = {p_adjusted:.2g} after Holm's correction): {verdict}."
        ),
    )
