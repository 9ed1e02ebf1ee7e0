"""Summarize the report on a split: one line, a text for a terminal, a few numbers for DVC."""

from collections.abc import Iterator

import numpy as np

from emotion.core.reports import Counts, EvaluationReport, SelectiveScores, TrainingTime
from emotion.core.text import counted
from emotion.evaluation.mistakes import rank_confusions
from emotion.evaluation.predictions import SplitPredictions

PAIRS = 3  # most frequent confusions that are named
DECIMALS = 3  # of the metrics of DVC

Metrics = dict[str, float]


def headline(report: EvaluationReport) -> str:
    """The line that the stage prints."""
    test = report.test
    low, high = test.macro_f1_low, test.macro_f1_high
    interval = "[one group: no interval]" if low is None else f"[{low:.2f}, {high:.2f}]"
    started = f", weights {report.weights}" if report.weights else ""
    return (
        f"test  accuracy {test.accuracy:.3f}  macro-F1 {test.macro_f1:.3f} {interval}  "
        f"ECE {test.ece:.3f}  (majority class {test.majority_accuracy:.2f}{started})"
    )


def compute_metrics(report: EvaluationReport, rows: Counts, best_epoch: int) -> Metrics:
    """Content of metrics/evaluate.json: what `dvc metrics diff` compares.

    DVC prints one column per number, sorted by name, so these fit into the width of a terminal only
    if their names are short. All are of the test split, except `val_f1`, `epoch` and the rows of
    each split. Undefined numbers are left out.

    Args:
        report: of the test split.
        rows: of each split.
        best_epoch: that was kept, from 1.
    """
    test = report.test
    numbers = {
        "acc": test.accuracy,
        "ece": test.ece,
        "epoch": best_epoch,
        "f1": test.macro_f1,
        "f1_high": test.macro_f1_high,
        "f1_low": test.macro_f1_low,
        "f1_min": min((s.f1 for s in report.per_class.values() if s.support), default=None),
        "gap": max((gap.gap for gap in report.slices.values()), default=None),
        "n_test": rows["test"],
        "n_train": rows["train"],
        "n_val": rows["val"],
        "val_f1": report.val.macro_f1 if report.val else None,
    }
    return {name: round(number, DECIMALS) for name, number in numbers.items() if number is not None}


def timing_metrics(time: TrainingTime) -> Metrics:
    """Content of metrics/timing.json: training images per second, and minutes of training."""
    return {"img_s": round(time.images_per_second, 1), "minutes": round(time.total_seconds / 60, 2)}


def describe_scores(report: EvaluationReport, predictions: SplitPredictions) -> str:
    """The scores with their 95 % intervals, a table of the classes, and the main confusions.

    Args:
        report: on the predictions, as its split test.
        predictions: with at least one row.
    """
    return "\n".join(_lines(report, predictions))


def _lines(report: EvaluationReport, predictions: SplitPredictions) -> Iterator[str]:
    test = report.test
    yield f"{'':<9}  score  95 % interval"
    yield f"accuracy   {test.accuracy:.3f}  {_interval(test.accuracy_low, test.accuracy_high)}"
    yield f"macro-F1   {test.macro_f1:.3f}  {_interval(test.macro_f1_low, test.macro_f1_high)}"
    yield f"ECE        {test.ece:.3f}  {_interval(test.ece_low, test.ece_high)}"
    yield f"(always predicting the most frequent class: accuracy {test.majority_accuracy:.3f})"
    if report.answered:
        yield _describe_selection(report.answered)
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
    for pair in rank_confusions(predictions).head(PAIRS).to_dict("records"):
        yield (
            f"{pair['label']} taken for {pair['predicted']}: {counted(pair['images'], 'image')} "
            f"({100 * pair['share']:.1f} % of {pair['label']})"
        )


def _interval(low: float | None, high: float | None) -> str:
    return "unknown" if low is None or high is None else f"{low:.3f} to {high:.3f}"


def _describe_selection(accepted: SelectiveScores) -> str:
    error = "" if accepted.error is None else f", error rate of these {accepted.error:.3f}"
    return (
        f"at or above the model's threshold of {accepted.threshold:.3f}: "
        f"{100 * accepted.coverage:.1f} % of the images{error}"
    )


def _describe_absent(predictions: SplitPredictions) -> Iterator[str]:
    """Classes of the model without an image: macro-F1 counts them only if they are predicted."""
    absent = [
        f"{name} ({np.sum(predictions.predicted == index):,} predicted)"
        for index, name in enumerate(predictions.class_names)
        if index not in predictions.labels
    ]
    if absent:
        occur = "macro-F1 is over the classes that occur, as a label or as a prediction"
        yield f"no images of {', '.join(absent)}; {occur}"
