"""Compute the report on a split, scores and their 95 % intervals, from its predictions."""

from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np

from emotion.core import reports
from emotion.evaluation.predictions import SplitPredictions
from emotion.metrics import scores, sums
from emotion.metrics.bootstrap import Interval, ece_interval, interval_of, resample_sums


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """Facts of the model that a report has."""

    model_type: str  # of the checkpoint, or the model's file
    weights: str  # what training started from: pretrained, random, file, or "" if unknown
    temperature: float
    threshold: float | None  # None if the model accepts every image


def build_report(
    test: SplitPredictions,
    val: SplitPredictions | None,
    model: ModelFacts,
    slices: dict[str, reports.SliceGap],
    resamples: int,
) -> reports.EvaluationReport:
    """The report, its numbers rounded to 6 decimals.

    Args:
        test: the split that selected nothing.
        val: the split that selected the epoch and the temperature; its scores are optimistic.
        model: facts of the model.
        slices: from `compute_gaps`, for the test split.
        resamples: bootstrap resamples for the intervals.
    """
    temperature = model.temperature
    intervals = compute_intervals(test, temperature, resamples)
    return _rounded(
        reports.EvaluationReport(
            model_type=model.model_type,
            weights=model.weights,
            temperature=temperature,
            val=None if val is None else score(val, temperature),
            test=_with_intervals(score(test, temperature), intervals),
            per_class=_per_class(test, intervals),
            slices=slices,
            answered=_selective_scores(test, temperature, model.threshold),
        )
    )


def score(predictions: SplitPredictions, temperature: float) -> reports.Scores:
    """One split's scores, not rounded."""
    labels, predicted, correct = predictions.labels, predictions.predicted, predictions.correct
    classes = len(predictions.class_names)
    calibrated = predictions.logits / temperature

    def calibration_error(temperature: float) -> float:
        confidence = predictions.confidence(temperature)
        return scores.ece(scores.reliability_bins(confidence, correct))

    return reports.Scores(
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


@dataclass(frozen=True, kw_only=True)
class ScoreIntervals:
    """95 % intervals of one split's scores; None where one is undefined: see `interval_of`."""

    accuracy: Interval | None
    macro_f1: Interval | None
    ece: Interval | None
    class_f1: list[Interval | None]  # in the order of the classes


def compute_intervals(
    predictions: SplitPredictions, temperature: float, resamples: int
) -> ScoreIntervals:
    """The intervals of all scores of a split, from the same resamples of its groups.

    Args:
        predictions: of one split.
        temperature: divides the logits before the softmax.
        resamples: of the bootstrap.
    """
    confidence, correct = predictions.confidence(temperature), predictions.correct
    classes = len(predictions.class_names)
    group = predictions.rows["group"].to_numpy()
    groups = len(np.unique(group))
    cells = sums.count_cells(predictions.labels, predictions.predicted, classes)
    gaps = sums.count_gaps(confidence, correct)
    drawn = resample_sums(np.hstack([cells, gaps]), group, resamples)
    confusion = sums.confusions(drawn[:, : classes**2])
    return ScoreIntervals(
        accuracy=interval_of(sums.accuracy_of(confusion), groups),
        macro_f1=interval_of(scores.macro_f1_of(confusion), groups),
        ece=ece_interval(
            gaps=gaps.sum(axis=0),
            counts=scores.reliability_bins(confidence, correct, sums.BINS).count,
            resampled=drawn[:, classes**2 :],
            images=confusion.sum(axis=(1, 2)),
            groups=groups,
        ),
        class_f1=[interval_of(f1, groups) for f1 in sums.class_f1_of(confusion).T],
    )


def _with_intervals(
    scores: reports.Scores, intervals: ScoreIntervals
) -> reports.ScoresWithIntervals:
    values = asdict(scores)
    for name in ("accuracy", "macro_f1", "ece"):
        values[f"{name}_low"], values[f"{name}_high"] = getattr(intervals, name) or (None, None)
    return reports.ScoresWithIntervals(**values)


def _per_class(
    predictions: SplitPredictions, intervals: ScoreIntervals
) -> dict[str, reports.ClassScores]:
    per_class = scores.per_class(
        predictions.labels, predictions.predicted, len(predictions.class_names)
    )
    table = {}
    for index, name in enumerate(predictions.class_names):
        low, high = intervals.class_f1[index] or (None, None)
        values = {key: column[index].item() for key, column in per_class.items()}
        table[name] = reports.ClassScores(**values, f1_low=low, f1_high=high)
    return table


def _selective_scores(
    predictions: SplitPredictions, temperature: float, threshold: float | None
) -> reports.SelectiveScores | None:
    if threshold is None:
        return None
    accepted = predictions.confidence(temperature) >= threshold
    error = float(1 - predictions.correct[accepted].mean()) if accepted.any() else None
    return reports.SelectiveScores(
        threshold=threshold, coverage=float(np.mean(accepted)), error=error
    )


def _rounded(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _rounded(getattr(value, f.name)) for f in fields(value)})
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return round(float(value), 6) if isinstance(value, float) else value
