"""Compute the content of metrics/evaluate.json from the predictions."""

from dataclasses import asdict, fields, is_dataclass, replace
from typing import Any

import pandas as pd

from emotion import metrics
from emotion.core.reports import (
    ClassScores,
    EvaluationReport,
    Scores,
    ScoresWithIntervals,
    WorstSlice,
)
from emotion.evaluation.intervals import bootstrap_intervals
from emotion.evaluation.predictions import Predictions


def build_report(
    val: Predictions,
    test: Predictions,
    *,
    temperature: float,
    slices: pd.DataFrame,
    resamples: int,
    model_type: str,
    weights: str,
) -> EvaluationReport:
    """The report, its numbers rounded to 6 decimals.

    Args:
        val: the split that selected the epoch and the temperature; its scores are optimistic.
        test: the split that selected nothing.
        temperature: from `calibrate`.
        slices: from `score_slices`, for the test split.
        resamples: bootstrap resamples for the intervals of the test split.
        model_type: of the checkpoint.
        weights: what training started from: pretrained, random or file.
    """
    report: EvaluationReport = _rounded(
        EvaluationReport(
            model_type=model_type,
            weights=weights,
            temperature=temperature,
            val=score(val, temperature),
            test=_score_with_intervals(test, temperature, resamples),
            per_class=_per_class(test),
            slices=_worst_slices(slices),
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
        return metrics.ece(metrics.reliability_bins(confidence, correct))

    return Scores(
        macro_f1=metrics.macro_f1(labels, predicted, classes),
        accuracy=metrics.accuracy(labels, predicted),
        balanced_accuracy=metrics.balanced_accuracy(labels, predicted, classes),
        majority_accuracy=metrics.majority_accuracy(labels),
        nll=metrics.nll(calibrated, labels),
        nll_uncalibrated=metrics.nll(predictions.logits, labels),
        brier=metrics.brier(metrics.softmax(calibrated), labels),
        ece=calibration_error(temperature),
        ece_uncalibrated=calibration_error(1.0),
        aurc=metrics.aurc(predictions.confidence(temperature), correct),
        rows=len(labels),
        groups=predictions.rows["group"].nunique(),
        synthetic_fraction=float(predictions.rows["synthetic"].mean()),
    )


def headline(report: EvaluationReport) -> str:
    """The line that the stage prints."""
    test = report.test
    return (
        f"test  accuracy {test.accuracy:.3f}  macro-F1 {test.macro_f1:.3f} "
        f"[{test.macro_f1_low:.2f}, {test.macro_f1_high:.2f}]  ECE {test.ece:.3f}  "
        f"(majority class {test.majority_accuracy:.2f}, weights {report.weights})"
    )


def _score_with_intervals(
    predictions: Predictions, temperature: float, resamples: int
) -> ScoresWithIntervals:
    intervals = bootstrap_intervals(
        predictions.labels,
        predictions.predicted,
        predictions.rows["group"].to_numpy(),
        len(predictions.class_names),
        resamples,
    )
    return ScoresWithIntervals(
        **asdict(score(predictions, temperature)),
        accuracy_low=intervals["accuracy"].low,
        accuracy_high=intervals["accuracy"].high,
        macro_f1_low=intervals["macro_f1"].low,
        macro_f1_high=intervals["macro_f1"].high,
    )


def _per_class(predictions: Predictions) -> dict[str, ClassScores]:
    scores = metrics.per_class(
        predictions.labels, predictions.predicted, len(predictions.class_names)
    )
    return {
        name: ClassScores(**{key: values[index].item() for key, values in scores.items()})
        for index, name in enumerate(predictions.class_names)
    }


def _worst_slices(slices: pd.DataFrame) -> dict[str, WorstSlice]:
    # The whole table is in plots/evaluate/; it would make `dvc metrics diff` unreadable.
    worst = slices.loc[slices.groupby("attribute", sort=False)["accuracy"].idxmin()]
    return {
        row["attribute"]: WorstSlice(lowest_accuracy=row["accuracy"], lowest_value=row["value"])
        for row in worst.to_dict("records")
    }


def _rounded(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _rounded(getattr(value, f.name)) for f in fields(value)})
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return round(float(value), 6) if isinstance(value, float) else value
