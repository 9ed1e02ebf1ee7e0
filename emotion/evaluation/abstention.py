"""Abstention: the confidence below which a prediction is marked as uncertain.

The threshold is chosen on validation by selection with guaranteed risk (Geifman and El-Yaniv,
"Selective Classification for Deep Neural Networks", NeurIPS 2017): it is the lowest one found at
which an exact binomial bound on the error rate of the accepted images is within the target. Their
binary search over the confidences misses thresholds on small splits, where the high ones accept too
few images for a guarantee and the low ones have too many errors. So the thresholds are tested from
high to low, from several starts, until one fails (multi-start fixed sequence testing: Angelopoulos
et al., "Learn then Test: Calibrating Predictive Algorithms to Achieve Risk Control", 2021). This
needs a correction for the number of starts, but none for the number of thresholds.

The guarantee is exact for independent images only. Images of one person are dependent, so the
bound uses an effective number of images: the number divided by the design effect (Kish, "Survey
Sampling", 1965, section 5.4), with the correction for few groups by Korn and Graubard ("Confidence
intervals for proportions with small expected number of positive counts estimated from survey
data", Survey Methodology, 1998). Both are estimates. benchmarks/simulate_threshold.py measures how
often the target is kept: in at least 98 % of the splits, also with dependent images.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from emotion.core.text import counted

DELTA = 0.05  # probability, over validation splits, that the target is exceeded
DECIMALS = 4  # of a threshold, so that every reader compares with the same number
STEPS = 128  # tested thresholds accept multiples of 1 / STEPS of the images
STARTS = (15, 31, 63, 95)  # indices of thresholds that accept 1/8, 1/4, 1/2 and 3/4 of the images


@dataclass(frozen=True, kw_only=True)
class Abstention:
    """A threshold and its effect on validation; all None if there is no threshold."""

    threshold: float | None = None  # an image is accepted if its confidence is at least this
    coverage: float | None = None  # fraction of the images that are accepted
    error: float | None = None  # error rate of the accepted images
    bound: float | None = None  # upper bound on the error rate, with probability 1 - DELTA
    reason: str  # one sentence


def choose_threshold(
    confidence: np.ndarray, correct: np.ndarray, groups: np.ndarray, target_error: float | None
) -> Abstention:
    """The threshold at which the accepted images keep the target error rate.

    The result does not depend on the order of the rows, and a higher target never gives a higher
    threshold.

    Args:
        confidence: float (N,), probability of the predicted class, in 0..1.
        correct: bool (N,), whether the predicted class is the label.
        groups: (N,), of any type; rows with equal values may be dependent.
        target_error: target error rate of the accepted images, in (0, 1); None accepts all.
    """
    if target_error is None:
        return Abstention(reason="every image is answered, because evaluate.target_error is null")
    confidence, wrong = np.asarray(confidence), ~np.asarray(correct, dtype=bool)
    group = np.unique(groups, return_inverse=True)[1]
    thresholds = _thresholds(confidence)
    lowest = -1
    for start in STARTS:
        for index in range(max(start, lowest + 1), STEPS):
            if _bound(wrong, group, confidence >= thresholds[index]) > target_error:
                break
            lowest = index
    if lowest >= 0:
        return _describe(float(thresholds[lowest]), confidence, wrong, group)
    reason = (
        f"every image is answered, because no threshold was found that guarantees an error rate of "
        f"{target_error:g} on {counted(len(wrong), 'validation image')} in "
        f"{counted(group.max() + 1, 'group')}"
    )
    few_groups = "; images of other groups are needed" if group.max() < 1 else ""
    return Abstention(reason=reason + few_groups)


def clopper_pearson(errors: float, rows: float, delta: float) -> float:
    """The largest error rate that `errors` or fewer among `rows` leave plausible at level `delta`.

    Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the
    binomial", 1934; the beta form extends it to numbers that are not whole.

    Args:
        errors: 0..rows.
        rows: above 0.
        delta: in (0, 1), the probability that the true error rate is higher.

    Returns:
        In 0..1; 1 if all rows are errors.
    """
    if errors >= rows:
        return 1.0
    return float(special.betaincinv(errors + 1, rows - errors, 1 - delta))


def design_effect(wrong: np.ndarray, group: np.ndarray) -> float | None:
    """Variance of the error rate relative to that of as many independent images.

    The variance is that of a ratio of group totals. It is 1 if each group has one row.

    Args:
        wrong: bool (N,), whether each row is an error.
        group: int (N,), index of the group.

    Returns:
        0 or more; None if it is undefined: fewer than two groups, or errors in none or all of the
        rows.
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
    """Falling thresholds, shape (STEPS,), that accept 1 / STEPS, 2 / STEPS ... of the images.

    They are rounded down here, so the bound is computed for exactly the number that is kept. Images
    of equal confidence are accepted together.
    """
    images = (np.arange(1, STEPS + 1) * len(confidence) + STEPS - 1) // STEPS
    scale = 10**DECIMALS
    return np.asarray(np.floor(np.sort(confidence)[::-1][images - 1] * scale) / scale)


def _bound(wrong: np.ndarray, group: np.ndarray, accepted: np.ndarray) -> float:
    """Upper limit of the error rate of the accepted rows, at the level of one start."""
    rows, groups = int(accepted.sum()), len(np.unique(group[accepted]))
    if groups < 2:
        return 1.0
    delta = DELTA / len(STARTS)
    few_groups = special.stdtrit(groups - 1, delta) / special.stdtrit(rows - 1, delta)
    effect = _effect(wrong, group, accepted) * few_groups**2
    return clopper_pearson(int(wrong[accepted].sum()) / effect, rows / effect, delta)


def _effect(wrong: np.ndarray, group: np.ndarray, accepted: np.ndarray) -> float:
    """Design effect of the accepted rows, 1 or more; without an error, that of all rows."""
    effect = design_effect(wrong[accepted], group[accepted])
    if effect is None:
        effect = design_effect(wrong, group)
    if effect is None:  # without an error anywhere, a group counts as one image
        effect = len(wrong) / (group.max() + 1)
    return max(1.0, effect)


def _describe(
    threshold: float, confidence: np.ndarray, wrong: np.ndarray, group: np.ndarray
) -> Abstention:
    accepted = confidence >= threshold
    rows, errors = int(accepted.sum()), int(wrong[accepted].sum())
    bound = _bound(wrong, group, accepted)
    reason = (
        f"of {counted(len(wrong), 'validation image')}, {rows:,} are answered, {errors:,} of them "
        f"wrongly; if groups are independent, the error rate is at most {bound:.3f} with "
        f"probability {1 - DELTA:g} (images of a group are not: each counts as "
        f"{1 / _effect(wrong, group, accepted):.2f})"
    )
    coverage, error = rows / len(wrong), errors / rows
    return Abstention(
        threshold=threshold, coverage=coverage, error=error, bound=bound, reason=reason
    )
