"""Accuracy for each kind of face: a mean can hide a model that fails on one skin tone.

Every attribute column that the corpus brought (`skin_tone`, `age`, ...) is a way to slice the
split, and so are the corpus itself and drawn against photographed.
"""

from pathlib import Path

import pandas as pd

from emotion import metrics
from emotion.core import files
from emotion.core.manifest import attribute_columns
from emotion.evaluation.intervals import bootstrap_intervals
from emotion.evaluation.predictions import Predictions

MIN_ROWS = 20  # a smaller slice says nothing: its 95 % interval is about 40 points wide
MAX_VALUES = 12  # a column with more values is a measurement or a name, not a kind of face


def score_slices(predictions: Predictions, resamples: int) -> pd.DataFrame:
    """Score the rows of each attribute value.

    Args:
        predictions: of one split.
        resamples: bootstrap draws for each slice.

    Returns:
        Columns attribute, value, rows, accuracy, low, high (95 %); no rows where no attribute has
        two values of MIN_ROWS rows or more.
    """
    attributes = attribute_columns(predictions.rows)
    table = [
        {"attribute": attribute, "value": value, **_score(predictions, mask.to_numpy(), resamples)}
        for attribute in [*attributes, "source", "synthetic"]
        for value, mask in _slices(predictions.rows[attribute].astype(str))
    ]
    columns = ["attribute", "value", "rows", "accuracy", "low", "high"]
    return pd.DataFrame(table, columns=columns).round(6)


def write_slices(path: Path, slices: pd.DataFrame) -> None:
    """Write the table of score_slices as CSV."""
    with files.replacing(path) as temporary:
        slices.to_csv(temporary, index=False, lineterminator="\n")


def _slices(column: pd.Series) -> list[tuple[str, pd.Series]]:
    counts = column[column != ""].value_counts()
    values = [value for value, rows in counts.items() if rows >= MIN_ROWS]
    if not 2 <= len(counts) <= MAX_VALUES or len(values) < 2:
        return []
    return [(value, column == value) for value in sorted(values, key=_natural)]


def _natural(value: str) -> tuple[int, str]:
    # 2 before 10, as on the Monk scale of skin tones.
    return (int(value), "") if value.isdecimal() else (-1, value)


def _score(predictions: Predictions, mask: pd.Series, resamples: int) -> dict[str, float]:
    labels, predicted = predictions.labels[mask], predictions.predicted[mask]
    groups = predictions.rows["group"].to_numpy()[mask]
    interval = bootstrap_intervals(
        labels, predicted, groups, len(predictions.class_names), resamples
    )["accuracy"]
    return {
        "rows": len(labels),
        "accuracy": metrics.accuracy(labels, predicted),
        "low": interval.low,
        "high": interval.high,
    }
