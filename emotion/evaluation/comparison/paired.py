"""Compare two revisions on the same images: the differences of scores, with their uncertainty.

All scores of one resample are computed from the same groups, so the interval is that of the
difference: what is hard for both models cancels. Differences are second minus first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from emotion.core.errors import UserError
from emotion.evaluation.comparison.pairing import PairedRows, pair_rows
from emotion.evaluation.comparison.predictions import RevisionPredictions
from emotion.metrics import bootstrap, sums
from emotion.metrics.bootstrap import LEVEL, Interval
from emotion.metrics.hypothesis_tests import McNemar, holm, mcnemar_exact

SCORES = ("macro_f1", "accuracy", "ece")
DECIMALS = 12  # of a difference: further ones are rounding errors, and would make 0 positive
POWER = 0.8  # of a test with `images_needed` images
MOST_RESAMPLES = 100_000  # more fill the memory and change no digit that is shown
RESAMPLES_PER_COMPARISON = 100  # with fewer, no p-value could be below 0.05 after the correction


@dataclass(frozen=True)
class Difference:
    """One score of both revisions on the paired images."""

    first: float
    second: float
    interval: Interval | None  # of the difference; None with one group, and for the ECE

    @property
    def difference(self) -> float:
        """Second minus first."""
        return round(self.second - self.first, DECIMALS)


@dataclass(frozen=True)
class Comparison:
    """A revision compared with a baseline.

    The verdict is about macro-F1, the mean over the classes that paired images have as label. A
    class without any would depend on whether a model predicts it at all.
    """

    first: str  # the baseline
    second: str
    rows: PairedRows
    scores: dict[str, Difference]  # macro_f1, accuracy, ece
    class_f1: dict[str, Difference]  # of the classes with images
    p_value: float  # of macro-F1
    adjusted: float  # p_value after Holm's correction for all revisions of the command
    mcnemar: McNemar
    differing_images: int  # images for which the predicted classes differ
    differing_groups: int  # groups with such an image
    images_needed: int | None  # to see the observed difference of macro-F1; None if it is 0

    @property
    def macro_f1(self) -> Difference:
        """The score that the verdict is about."""
        return self.scores["macro_f1"]

    @property
    def verdict(self) -> int:
        """1 if the second is better, -1 if it is worse, 0 if no difference is shown."""
        shown = self.adjusted < 1 - LEVEL
        return int(np.sign(self.macro_f1.difference)) if shown else 0


def compare_with_baseline(
    baseline: RevisionPredictions, others: Sequence[RevisionPredictions], resamples: int
) -> list[Comparison]:
    """Compare each of several revisions with the first one.

    Args:
        baseline: predictions of the first.
        others: predictions of the others, at least one.
        resamples: bootstrap resamples of the groups.

    Raises:
        UserError: too few or too many resamples, or rows that cannot be paired (`pair_rows`).
    """
    least = RESAMPLES_PER_COMPARISON * len(others)
    if not least <= resamples <= MOST_RESAMPLES:
        hint = f"use {least:,} to {MOST_RESAMPLES:,} for {len(others):,} comparison(s)"
        raise UserError(f"--resamples is {resamples:,}", hint, key="--resamples")
    comparisons = [compare_pair(baseline, other, resamples, len(others)) for other in others]
    adjusted = holm([comparison.p_value for comparison in comparisons])
    return [replace(one, adjusted=p) for one, p in zip(comparisons, adjusted, strict=True)]


def compare_pair(
    first: RevisionPredictions, second: RevisionPredictions, resamples: int, comparisons: int = 1
) -> Comparison:
    """Compare two revisions; the p-value is not adjusted for others.

    Args:
        first: the baseline.
        second: the other.
        resamples: bootstrap resamples of the groups.
        comparisons: number of revisions that are compared with the baseline; `images_needed` is
            that of a test at the level divided by it (Bonferroni).

    Raises:
        UserError: as `pair_rows`.
    """
    rows = pair_rows(first, second)
    counts, classes = _count(rows), len(rows.class_names)
    observed = _score_both(counts.sum(axis=0), classes)
    resampled = _score_both(bootstrap.resample_sums(counts, rows.groups, resamples), classes)
    differences = np.round(resampled[:, 1] - resampled[:, 0], DECIMALS)
    intervals = [
        bootstrap.difference_interval_of(samples, rows.group_count) for samples in differences.T
    ]
    intervals[SCORES.index("ece")] = None  # it would not hold: see `difference_interval_of`
    table = [
        Difference(float(one), float(two), interval)
        for one, two, interval in zip(*observed, intervals, strict=True)
    ]
    tested = np.unique(rows.labels)
    differing = rows.predicted[0] != rows.predicted[1]
    differing_groups = len(np.unique(rows.groups[differing]))
    p_value = bootstrap.p_value_of(differences[:, 0], rows.group_count)
    # That of a sign test in which all groups that differ favor one side is the least. Only those
    # groups contribute to the bootstrap. With five of them, all better, nearly every resample is
    # better, although a coin shows the same side five times in 6 % of all series.
    p_value = max(p_value, min(1.0, 2.0 ** (1 - differing_groups)))
    return Comparison(
        first=first.revision,
        second=second.revision,
        rows=rows,
        scores=dict(zip(SCORES, table, strict=False)),
        class_f1={rows.class_names[index]: table[len(SCORES) + index] for index in tested},
        p_value=p_value,
        adjusted=p_value,
        mcnemar=mcnemar_exact(*(predicted == rows.labels for predicted in rows.predicted)),
        differing_images=int(differing.sum()),
        differing_groups=differing_groups,
        images_needed=_images_needed(rows, table[0].difference, differences[:, 0], comparisons),
    )


def _count(rows: PairedRows) -> np.ndarray:
    """One vector per image, int64 (N, K), from whose sums the scores of both revisions follow."""
    classes = len(rows.class_names)
    cells = [sums.count_cells(rows.labels, predicted, classes) for predicted in rows.predicted]
    both = zip(rows.predicted, rows.confidence, strict=True)
    gaps = [sums.count_gaps(confidence, predicted == rows.labels) for predicted, confidence in both]
    return np.hstack([*cells, *gaps])


def _score_both(counts: np.ndarray, classes: int) -> np.ndarray:
    """Scores (..., 2, 3 + C): SCORES, then the F1 of each class, NaN where it does not occur."""
    ends = np.cumsum([classes**2, classes**2, sums.BINS])
    first, second, first_gaps, second_gaps = np.split(counts, ends, axis=-1)
    return np.stack([_score(first, first_gaps), _score(second, second_gaps)], axis=-2)


def _score(cells: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    confusion = sums.confusions(cells)
    ece = sums.ece_of(gaps, cells.sum(axis=-1))
    scores = [sums.macro_f1_of(confusion), sums.accuracy_of(confusion), ece]
    return np.concatenate([np.stack(scores, axis=-1), sums.class_f1_of(confusion)], axis=-1)


def _images_needed(
    rows: PairedRows, difference: float, samples: np.ndarray, comparisons: int
) -> int | None:
    """Images with which a difference as large as the observed one would be shown.

    The standard error shrinks with the square root of the number of images, if the groups stay as
    large as they are. The quantile is Student's, as in the interval.
    """
    groups = rows.group_count
    if groups < 2 or difference == 0:
        return None
    error = np.std(samples, ddof=1) * np.sqrt(groups / (groups - 1))
    level = stats.t.ppf(1 - (1 - LEVEL) / 2 / comparisons, groups - 1)
    needed = len(rows.labels) * ((level + stats.norm.ppf(POWER)) * error / difference) ** 2
    return int(float(f"{needed:.1e}"))  # two digits
