"""Accuracy per attribute value: a mean can hide a model that fails on one skin tone.

Slices are the values of each attribute column of the corpus (`skin_tone`, `age`, ...), of the
source corpus, and of whether the image is synthetic.
"""

import numpy as np
import pandas as pd

from emotion import metrics
from emotion.core.manifest import attribute_columns
from emotion.evaluation.intervals import bootstrap_intervals
from emotion.evaluation.predictions import Predictions

MIN_ROWS = 20  # the 95 % interval of a smaller slice is wider than about 40 percentage points
MAX_VALUES = 12  # a column with more values holds measurements or names, not categories


def score_slices(predictions: Predictions, resamples: int) -> pd.DataFrame:
    """Score the rows of each attribute value.

    Args:
        predictions: of one split.
        resamples: bootstrap resamples for each slice.

    Returns:
        Columns attribute, value, rows, accuracy, low, high (95 %). Attributes with fewer than two
        values of at least MIN_ROWS rows are left out.
    """
    attributes = attribute_columns(predictions.rows)
    table = [
        {"attribute": attribute, "value": value, **_score(predictions, mask, resamples)}
        for attribute in [*attributes, "source", "synthetic"]
        for value, mask in _slices(predictions.rows[attribute].astype(str))
    ]
    columns = ["attribute", "value", "rows", "accuracy", "low", "high"]
    return pd.DataFrame(table, columns=columns).round(6)


def _slices(column: pd.Series) -> list[tuple[str, np.ndarray]]:
    """The values to score, each with its rows as a mask (N,)."""
    counts = column[column != ""].value_counts()
    values = [str(value) for value, rows in counts.items() if rows >= MIN_ROWS]
    if not 2 <= len(counts) <= MAX_VALUES or len(values) < 2:
        return []
    return [(value, (column == value).to_numpy()) for value in sorted(values, key=_natural)]


def _natural(value: str) -> tuple[int, str]:
    # 2 before 10, as on the Monk scale of skin tones.
    return (int(value), "") if value.isdecimal() else (-1, value)


def _score(predictions: Predictions, mask: np.ndarray, resamples: int) -> dict[str, float]:
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
