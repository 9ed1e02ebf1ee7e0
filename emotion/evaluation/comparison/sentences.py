"""State the result of a comparison in plain sentences."""

from collections.abc import Iterator

from emotion.core.text import counted
from emotion.evaluation.comparison.paired import Comparison
from emotion.metrics.bootstrap import LEVEL


def state_verdict(comparison: Comparison, split: str, comparisons: int = 1) -> str:
    """The result for one revision.

    Args:
        comparison: with its baseline.
        split: test or val.
        comparisons: number of revisions that were compared with the baseline.
    """
    score, second = comparison.macro_f1, comparison.second
    if comparison.verdict and score.interval:
        word = "better" if comparison.verdict > 0 else "worse"
        low, high = map(signed, score.interval)
        return f"{second} is {word}: {signed(score.difference)} macro-F1 [{low}, {high}]"
    reason = _explain_no_difference(comparison, split, comparisons)
    return f"{second}: {reason}" if comparisons > 1 else reason


def _explain_no_difference(comparison: Comparison, split: str, comparisons: int) -> str:
    images, groups = len(comparison.rows.labels), comparison.rows.group_count
    if not comparison.differing_images:
        first, second = comparison.rows.confidence
        rest = "" if (first == second).all() else "; only confidences differ"
        return f"no difference: equal predictions for {counted(images, f'{split} image')}{rest}"
    if groups == 1:
        size = counted(images, f"{split} image")
        return f"no difference can be shown with one group of {size}, which gives no interval"
    shown = f"no difference shown with {images:,} {split} images ({groups:,} groups)"
    if comparisons > 1 and comparison.p_value < 0.05:
        shown += f" after the correction for {comparisons} revisions"
    least = 2.0 ** (1 - comparison.differing_groups)  # of a sign test, which bounds the p-value
    if least >= 1 - LEVEL or comparison.p_value <= least:
        differing = counted(comparison.differing_groups, "group")
        what = "any test" if least >= 1 - LEVEL else f"{comparisons} revisions"
        return f"{shown}; predictions differ in only {differing}, which is too few for {what}"
    if comparison.images_needed is None:
        return f"{shown}; the macro-F1 is equal"
    needed, difference = comparison.images_needed, signed(comparison.macro_f1.difference)
    return f"{shown}; about {needed:,} would be needed to see {difference}"


def state_notes(comparison: Comparison) -> Iterator[str]:
    """Conditions that limit what the numbers mean; often none."""
    first, second, rows = comparison.first, comparison.second, comparison.rows
    if rows.only_first or rows.only_second:
        yield (
            f"the images differ: {counted(rows.only_first, 'image')} only in {first} and "
            f"{rows.only_second:,} only in {second} cannot be paired"
        )
    if rows.conflicts:
        images = counted(rows.conflicts, "image")
        yield f"{images} left out: the labels in {first} and {second} differ"
    if rows.unshared:
        yield f"the label maps differ: only one of them has {', '.join(rows.unshared)}"
    absent = [name for name in rows.class_names if name not in comparison.class_f1]
    if absent:
        yield f"left out of macro-F1, since no paired image is of that class: {', '.join(absent)}"


def state_mcnemar(comparison: Comparison) -> str:
    """The result of McNemar's test, and what it assumes."""
    test = comparison.mcnemar
    return (
        f"McNemar's exact test of accuracy: {p_text(test.p_value)} (correct only in "
        f"{comparison.first}: {test.only_first:,}, only in {comparison.second}: "
        f"{test.only_second:,}; it treats images as independent)"
    )


def signed(value: float) -> str:
    """A difference with three decimals, or with one digit where these would all be 0."""
    if 0 < abs(value) < 0.0005:
        return f"{value:+.1g}"
    return f"{value:+.3f}" if value else "0.000"


def p_text(p_value: float) -> str:
    """A p-value with three decimals."""
    return f"p = {p_value:.3f}" if p_value >= 0.001 else "p < 0.001"
