"""The report on a split as text for a terminal."""

from collections.abc import Iterator

import numpy as np

from emotion.core.reports import Answered, EvaluationReport
from emotion.evaluation.mistakes import rank_confusions
from emotion.evaluation.predictions import Predictions

PAIRS = 3  # most frequent confusions that are named


def describe_scores(report: EvaluationReport, predictions: Predictions) -> str:
    """The scores with their 95 % intervals, a table of the classes, and the main confusions.

    Args:
        report: on the predictions, as its split test.
        predictions: with at least one row.
    """
    return "\n".join(_lines(report, predictions))


def _lines(report: EvaluationReport, predictions: Predictions) -> Iterator[str]:
    test = report.test
    yield f"{'':<9}  score  95 % interval"
    yield f"accuracy   {test.accuracy:.3f}  {_interval(test.accuracy_low, test.accuracy_high)}"
    yield f"macro-F1   {test.macro_f1:.3f}  {_interval(test.macro_f1_low, test.macro_f1_high)}"
    yield f"ECE        {test.ece:.3f}  {_interval(test.ece_low, test.ece_high)}"
    yield f"(always predicting the most frequent class: accuracy {test.majority_accuracy:.3f})"
    if report.answered:
        yield _describe_answered(report.answered)
    yield ""
    width = max(len(name) for name in ("class", *report.per_class))
    yield f"{'class':<{width}}  precision  recall     F1  95 % interval   images"
    for name, score in report.per_class.items():
        yield (
            f"{name:<{width}}  {score.precision:>9.3f}  {score.recall:>6.3f}  {score.f1:.3f}  "
            f"{_interval(score.f1_low, score.f1_high):<14}  {score.support:>6,}"
        )
    yield from _describe_absent(predictions)
    yield ""
    yield from _describe_confusions(predictions)


def _interval(low: float | None, high: float | None) -> str:
    return "unknown" if low is None or high is None else f"{low:.3f} to {high:.3f}"


def _describe_answered(answered: Answered) -> str:
    error = "" if answered.error is None else f", error rate of these {answered.error:.3f}"
    return (
        f"above the model's threshold of {answered.threshold:.3f}: "
        f"{100 * answered.coverage:.1f} % of the images{error}"
    )


def _describe_absent(predictions: Predictions) -> Iterator[str]:
    """Classes of the model without an image: macro-F1 counts them only if they are predicted."""
    classes = len(predictions.class_names)
    images = np.bincount(predictions.labels, minlength=classes)
    predicted = np.bincount(predictions.predicted, minlength=classes)
    absent = [
        f"{name} ({predicted[index]:,} predicted)"
        for index, name in enumerate(predictions.class_names)
        if not images[index]
    ]
    if absent:
        yield (
            f"no images of {', '.join(absent)}; macro-F1 is over the classes that occur, as a "
            "label or as a prediction"
        )


def _describe_confusions(predictions: Predictions) -> Iterator[str]:
    for pair in rank_confusions(predictions).head(PAIRS).to_dict("records"):
        yield (
            f"{pair['label']} taken for {pair['predicted']}: {pair['images']:,} "
            f"image{'s' * (pair['images'] != 1)} ({100 * pair['share']:.1f} % of {pair['label']})"
        )
