"""Abstention: the confidence below which a prediction is called uncertain and not answered.

The threshold is chosen on validation by selection with guaranteed risk (Geifman and El-Yaniv,
"Selective Classification for Deep Neural Networks", NeurIPS 2017): it is the lowest one found at
which an exact binomial bound on the error rate of the answered images is within the target. Their
binary search over the confidences misses thresholds on small splits, where the high ones answer too
few images for a guarantee and the low ones have too many errors. So the thresholds are tested from
high to low, from several starts, until one fails (multi-start fixed sequence testing: Angelopoulos
et al., "Learn then Test: Calibrating Predictive Algorithms to Achieve Risk Control", 2021). It also
needs no correction for the number of thresholds, only for that of starts.

The guarantee is exact for independent images only. Images of one person are dependent, so the
bound uses an effective number of images: the number divided by the design effect (Kish, "Survey
Sampling", 1965, section 5.4), with the correction for few groups by Korn and Graubard ("Confidence
intervals for proportions with small expected number of positive counts estimated from survey
data", Survey Methodology, 1998). Both are estimates. benchmarks/simulate_threshold.py measures how
often the target is kept: in at least 98 % of the splits, dependent ones included.
"""

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from scipy import special

DELTA = 0.05  # probability, over validation splits, that the target is exceeded
DECIMALS = 4  # of a threshold, so that every reader compares with the same number
STARTS = (1 / 8, 1 / 4, 1 / 2, 3 / 4)  # shares of the images that are answered
STEPS = 128  # tested thresholds answer multiples of 1 / STEPS of the images
_LARGEST = 100  # times as many images; further away the estimate means nothing


@dataclass(frozen=True, kw_only=True)
class Abstention:
    """A threshold and what it does on validation; all None where there is no threshold."""

    threshold: float | None  # an image is answered if its confidence is at least this
    coverage: float | None  # share of the images that are answered
    error: float | None  # error rate of the answered images
    bound: float | None  # upper bound on the error rate, with probability 1 - DELTA
    reason: str  # one sentence


@dataclass(frozen=True)
class _Answered:
    """Counts of the images that a threshold answers."""

    rows: int
    errors: int
    groups: int
    design_effect: float

    def bound(self, delta: float, factor: float = 1.0) -> float:
        """Upper limit of the error rate at level `delta`, if there were `factor` as many rows."""
        if self.groups < 2:
            return 1.0
        rows, groups = factor * self.rows, factor * self.groups
        student = special.stdtrit(groups - 1, delta) / special.stdtrit(rows - 1, delta)
        effect = self.design_effect * student**2
        return clopper_pearson(factor * self.errors / effect, rows / effect, delta)


def choose_threshold(
    confidence: np.ndarray,
    correct: np.ndarray,
    groups: np.ndarray,
    target_error: float | None,
) -> Abstention:
    """The threshold at which the answered images keep the target error rate.

    The result does not depend on the order of the rows, and a higher target never gives a higher
    threshold.

    Args:
        confidence: probability of the predicted class, shape (N,).
        correct: whether the predicted class is the label, shape (N,).
        groups: shape (N,), of any type; rows with equal values may be dependent.
        target_error: wanted error rate of the answered images, in (0, 1); None answers all.
    """
    if target_error is None:
        return _without_threshold("every image is answered, because evaluate.target_error is null")
    confidence, correct = np.asarray(confidence), np.asarray(correct, dtype=bool)
    group = np.unique(groups, return_inverse=True)[1]
    overall = design_effect(~correct, group)
    if overall is None:  # without an error anywhere, a group counts as one image
        overall = len(correct) / (group.max() + 1)
    delta = DELTA / len(STARTS)

    def answered(threshold: float) -> _Answered:
        return _count(~correct, group, confidence >= threshold, overall)

    thresholds = _thresholds(confidence)
    starts = [round(start * STEPS) - 1 for start in STARTS]
    safe = -1
    for start in starts:
        if start > safe + 1:  # else the tests from an earlier start came as far, and failed
            for index in range(start, STEPS):
                if answered(thresholds[index]).bound(delta) > target_error:
                    break
                safe = index
    if safe < 0:
        choices = [answered(thresholds[start]) for start in starts]
        factor = _factor_needed(choices, target_error, delta)
        return _without_threshold(_why_none(target_error, len(correct), group.max() + 1, factor))
    kept = answered(thresholds[safe])
    bound = kept.bound(delta)
    return Abstention(
        threshold=float(thresholds[safe]),
        coverage=kept.rows / len(correct),
        error=kept.errors / kept.rows,
        bound=bound,
        reason=(
            f"{kept.rows:,} of {len(correct):,} validation images are answered, {kept.errors:,} of "
            f"them wrongly; with probability {1 - DELTA:g} the error rate is at most {bound:.3f} "
            f"(images of a group are dependent: each counts as {1 / kept.design_effect:.2f})"
        ),
    )


def clopper_pearson(errors: float, rows: float, delta: float) -> float:
    """The largest error rate that `errors` or fewer among `rows` leave plausible at level `delta`.

    Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the
    binomial", 1934; the beta form extends it to numbers that are not whole.
    """
    if errors >= rows:
        return 1.0
    return float(special.betaincinv(errors + 1, rows - errors, 1 - delta))


def design_effect(wrong: np.ndarray, group: np.ndarray) -> float | None:
    """Variance of the error rate relative to that of as many independent images.

    The variance is that of a ratio of group totals. It is 1 if each group has one row.

    Args:
        wrong: whether each row is an error, shape (N,).
        group: index of the group, shape (N,).

    Returns:
        None where it is undefined: fewer than two groups, or errors in none or all of the rows.
    """
    rows = np.bincount(group)
    errors = np.bincount(group, weights=wrong)[rows > 0]
    rows = rows[rows > 0]
    rate = errors.sum() / rows.sum()
    if len(rows) < 2 or rate in (0, 1):
        return None
    residuals = errors - rate * rows
    variance = len(rows) / (len(rows) - 1) * (residuals @ residuals) / rows.sum() ** 2
    return float(variance / (rate * (1 - rate) / (rows.sum() - 1)))


def _thresholds(confidence: np.ndarray) -> np.ndarray:
    """Falling thresholds, shape (STEPS,), that answer 1 / STEPS, 2 / STEPS ... of the images.

    They are rounded down here, so the bound is computed for exactly the number that is kept. Images
    of equal confidence are answered together.
    """
    images = (np.arange(1, STEPS + 1) * len(confidence) + STEPS - 1) // STEPS
    scale = 10**DECIMALS
    return np.asarray(np.floor(np.sort(confidence)[::-1][images - 1] * scale) / scale)


def _count(wrong: np.ndarray, group: np.ndarray, answered: np.ndarray, overall: float) -> _Answered:
    """Counts of the answered rows; without an error, their design effect is that of all rows."""
    effect = design_effect(wrong[answered], group[answered])
    return _Answered(
        rows=int(answered.sum()),
        errors=int(wrong[answered].sum()),
        groups=len(np.unique(group[answered])),
        design_effect=max(1.0, overall if effect is None else effect),
    )


def _factor_needed(choices: list[_Answered], target_error: float, delta: float) -> float | None:
    """How many times the images would be needed if the error rates stayed as they are."""
    factors = np.geomspace(1.1, _LARGEST, 100)  # more than there are: they were not enough

    def enough(factor: float) -> bool:
        return any(choice.bound(delta, factor) <= target_error for choice in choices)

    index = bisect_left(factors, True, key=enough)
    return float(factors[index]) if index < len(factors) else None


def _why_none(target_error: float, rows: int, groups: int, factor: float | None) -> str:
    reason = (
        f"every image is answered, because no threshold was found that guarantees an error rate of "
        f"{target_error:g} on {rows:,} validation images in {groups:,} groups"
    )
    if groups < 2:
        return f"{reason}; images of other groups are needed"
    if factor is None:
        return f"{reason}; even the most confident answers are wrong too often"
    return f"{reason}; at least about {float(f'{factor * rows:.2g}'):,.0f} images are needed"


def _without_threshold(reason: str) -> Abstention:
    return Abstention(threshold=None, coverage=None, error=None, bound=None, reason=reason)
