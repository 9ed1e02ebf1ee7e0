"""Predictions of two models that make partly the same errors, for images of several subjects."""

import numpy as np
import pandas as pd

from emotion.evaluation.comparison.predictions import RevisionPredictions
from emotion.metrics.scores import softmax

CLASSES = ["angry", "happy", "sad", "surprised"]


def make_predictions(
    revision: str = "main",
    model: int = 1,
    groups: int = 30,
    images: int = 6,
    skill: float = 1.5,
    start: int = 0,
) -> RevisionPredictions:
    """Predictions for `groups * images` rows; the rows are the same for every model.

    Args:
        revision: name.
        model: seed of what is particular to the model.
        groups: number of groups.
        images: rows of each group.
        skill: mean score of the true class.
        start: number of the first group; the images of other numbers are different ones.
    """
    rng, own = np.random.default_rng(start), np.random.default_rng([start, model])
    rows = groups * images
    group = np.repeat(np.arange(groups), images)
    labels = rng.integers(len(CLASSES), size=rows)
    scores = rng.normal(size=(rows, len(CLASSES))) + 0.6 * own.normal(size=(rows, len(CLASSES)))
    # Some subjects are hard for every model, and some for this one.
    subject = rng.normal(0, 0.8, groups) + own.normal(0, 0.6, groups)
    scores[np.arange(rows), labels] += skill + subject[group]
    probabilities = softmax(1.3 * scores)
    table = {
        "path": [f"images/{start + index:05d}.jpg" for index in range(rows)],
        "sha256": [f"{start:032x}{index:032x}" for index in range(rows)],
        "group": [f"subject {start + number}" for number in group],
        "label": np.array(CLASSES)[labels],
        "predicted": np.array(CLASSES)[probabilities.argmax(axis=1)],
        "confidence": probabilities.max(axis=1).round(6),
    }
    return RevisionPredictions(revision, pd.DataFrame(table), CLASSES)


def changed(predictions: RevisionPredictions, **columns) -> RevisionPredictions:
    """The same with other columns."""
    rows = predictions.rows.assign(**columns)
    return RevisionPredictions(predictions.revision, rows, predictions.class_names)


def some_rows(predictions: RevisionPredictions, rows: slice) -> RevisionPredictions:
    """Those rows only."""
    return RevisionPredictions(
        predictions.revision, predictions.rows.iloc[rows], predictions.class_names
    )


def named(predictions: RevisionPredictions, class_names: list[str]) -> RevisionPredictions:
    """The same with another label map."""
    return RevisionPredictions(predictions.revision, predictions.rows, class_names)


def to_csv(predictions: RevisionPredictions) -> str:
    """The CSV that `evaluate` writes, with logits of 0."""
    logits = {f"logit_{name}": 0.0 for name in predictions.class_names}
    return predictions.rows.assign(**logits).to_csv(index=False)
