"""Compute the report on a split from its predictions."""

from dataclasses import asdict, fields, is_dataclass, replace
from typing import Any

import numpy as np

from emotion.core.reports import (
    Answered,
    ClassScores,
    EvaluationReport,
    Scores,
    ScoresWithIntervals,
    SliceGap,
)
from emotion.evaluation.intervals import ScoreIntervals, compute_intervals
from emotion.evaluation.predictions import Predictions
from emotion.metrics import scores


def build_report(
    test: Predictions,
    *,
    val: Predictions | None,
    temperature: float,
    threshold: float | None,
    slices: dict[str, SliceGap],
    resamples: int,
    model_type: str,
    weights: str,
) -> EvaluationReport:
    """The report, its numbers rounded to 6 decimals.

    Args:
        test: the split that selected nothing.
        val: the split that selected the epoch and the temperature; its scores are optimistic.
        temperature: of the calibration.
        threshold: of the calibration; None if the model answers every image.
        slices: from `compute_gaps`, for the test split.
        resamples: bootstrap resamples for the intervals.
        model_type: of the checkpoint, or the model's file.
        weights: what training started from: pretrained, random, file, or "" where unknown.
    """
    intervals = compute_intervals(test, temperature, resamples)
    report: EvaluationReport = _rounded(
        EvaluationReport(
            model_type=model_type,
            weights=weights,
            temperature=temperature,
            val=None if val is None else score(val, temperature),
            test=_with_intervals(score(test, temperature), intervals),
            per_class=_per_class(test, intervals),
            slices=slices,
            answered=_answered(test, temperature, threshold),
        )
    )
    return report


def score(predictions: Predictions, temperature: float) -> Scores:
    """One split's scores, not rounded."""
    labels, predicted, correct = predictions.labels, predictions.predicted, predictions.correct
    classes = len(predictions.class_names)
    calibrated = predictions.logits / temperature

    def calibration_error(temperature: float) -> float:
        confidence = predictions.confidence(temperature)
        return scores.ece(scores.reliability_bins(confidence, correct))

    return Scores(
        macro_f1=scores.macro_f1(labels, predicted, classes),
        accuracy=scores.accuracy(labels, predicted),
        balanced_accuracy=scores.balanced_accuracy(labels, predicted, classes),
        majority_accuracy=scores.majority_accuracy(labels),
        nll=scores.nll(calibrated, labels),
        nll_uncalibrated=scores.nll(predictions.logits, labels),
        brier=scores.brier(scores.softmax(calibrated), labels),
        ece=calibration_error(temperature),
        ece_uncalibrated=calibration_error(1.0),
        aurc=scores.aurc(predictions.confidence(temperature), correct),
        rows=len(labels),
        groups=predictions.rows["group"].nunique(),
        synthetic_fraction=float(predictions.rows["synthetic"].mean()),
    )


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


def _with_intervals(scores: Scores, intervals: ScoreIntervals) -> ScoresWithIntervals:
    nowhere = (None, None)
    accuracy = intervals.accuracy or nowhere
    macro_f1, ece = intervals.macro_f1 or nowhere, intervals.ece or nowhere
    return ScoresWithIntervals(
        **asdict(scores),
        accuracy_low=accuracy[0],
        accuracy_high=accuracy[1],
        macro_f1_low=macro_f1[0],
        macro_f1_high=macro_f1[1],
        ece_low=ece[0],
        ece_high=ece[1],
    )


def _per_class(predictions: Predictions, intervals: ScoreIntervals) -> dict[str, ClassScores]:
    per_class = scores.per_class(
        predictions.labels, predictions.predicted, len(predictions.class_names)
    )
    table = {}
    for index, name in enumerate(predictions.class_names):
        low, high = intervals.class_f1[index] or (None, None)
        values = {key: column[index].item() for key, column in per_class.items()}
        table[name] = ClassScores(**values, f1_low=low, f1_high=high)
    return table


def _answered(
    predictions: Predictions, temperature: float, threshold: float | None
) -> Answered | None:
    if threshold is None:
        return None
    answered = predictions.confidence(temperature) >= threshold
    error = float(1 - predictions.correct[answered].mean()) if answered.any() else None
    return Answered(threshold=threshold, coverage=float(np.mean(answered)), error=error)


def _rounded(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _rounded(getattr(value, f.name)) for f in fields(value)})
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return round(float(value), 6) if isinstance(value, float) else value
