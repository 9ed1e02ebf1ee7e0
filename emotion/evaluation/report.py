"""The report: every number of metrics/evaluate.json, from predictions alone."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from emotion import metrics
from emotion.evaluation.intervals import bootstrap_intervals
from emotion.evaluation.predictions import Predictions


def build_report(
    val: Predictions,
    test: Predictions,
    temperature: float,
    slices: pd.DataFrame,
    resamples: int,
    facts: Mapping[str, str],
) -> dict[str, Any]:
    """The content of metrics/evaluate.json, numbers rounded to 6 decimals.

    Args:
        val: the split that chose the epoch and the temperature; its scores flatter.
        test: the split that chose nothing.
        temperature: of calibration.json.
        slices: of slices.score_slices, for the test split.
        resamples: bootstrap draws behind the test split's intervals.
        facts: what to say about the model (its name, where its weights came from).
    """
    intervals = bootstrap_intervals(
        test.labels,
        test.predicted,
        test.rows["group"].to_numpy(),
        len(test.class_names),
        resamples,
    )
    test_scores = score(test, temperature)
    for name, interval in intervals.items():
        test_scores[f"{name}_low"], test_scores[f"{name}_high"] = interval
    return _rounded(
        {
            **facts,
            "temperature": temperature,
            "val": score(val, temperature),
            "test": test_scores,
            "per_class": _per_class(test),
            "slices": _worst_slices(slices),
        }
    )


def score(predictions: Predictions, temperature: float) -> dict[str, float]:
    """One split's scores; `nll`, `brier`, `ece` and `aurc` are of the calibrated probabilities."""
    labels, predicted, correct = predictions.labels, predictions.predicted, predictions.correct
    classes = len(predictions.class_names)
    calibrated = predictions.logits / temperature

    def calibration_error(temperature: float) -> float:
        confidence = predictions.confidence(temperature)
        return metrics.ece(metrics.reliability_bins(confidence, correct))

    return {
        "macro_f1": metrics.macro_f1(labels, predicted, classes),
        "accuracy": metrics.accuracy(labels, predicted),
        "balanced_accuracy": metrics.balanced_accuracy(labels, predicted, classes),
        "majority_accuracy": metrics.majority_accuracy(labels),
        "nll": metrics.nll(calibrated, labels),
        "nll_uncalibrated": metrics.nll(predictions.logits, labels),
        "brier": metrics.brier(metrics.softmax(calibrated), labels),
        "ece": calibration_error(temperature),
        "ece_uncalibrated": calibration_error(1.0),
        "aurc": metrics.aurc(predictions.confidence(temperature), correct),
        "rows": len(labels),
        "groups": predictions.rows["group"].nunique(),
        "synthetic_fraction": float(predictions.rows["synthetic"].mean()),
    }


def headline(report: Mapping[str, Any]) -> str:
    """The one line that the stage prints."""
    test = report["test"]
    return (
        f"test  accuracy {test['accuracy']:.3f}  macro-F1 {test['macro_f1']:.3f} "
        f"[{test['macro_f1_low']:.2f}, {test['macro_f1_high']:.2f}]  ECE {test['ece']:.3f}  "
        f"(majority class {test['majority_accuracy']:.2f}, weights {report['weights']})"
    )


def _per_class(predictions: Predictions) -> dict[str, dict[str, float]]:
    scores = metrics.per_class(
        predictions.labels, predictions.predicted, len(predictions.class_names)
    )
    return {
        name: {key: values[index].item() for key, values in scores.items()}
        for index, name in enumerate(predictions.class_names)
    }


def _worst_slices(slices: pd.DataFrame) -> dict[str, dict[str, Any]]:
    # The whole table is in plots/evaluate/; `dvc metrics diff` would drown in it.
    worst = slices.loc[slices.groupby("attribute", sort=False)["accuracy"].idxmin()]
    return {
        row.attribute: {"lowest_accuracy": row.accuracy, "lowest_value": row.value}
        for row in worst.itertuples()
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return round(float(value), 6) if isinstance(value, float) else value
