"""Simulate predictions of models that make partly the same errors, for images of subjects."""

from dataclasses import replace

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
        model: seed of the part of the scores that differs between models.
        groups: number of groups.
        images: rows of each group.
        skill: mean score of the true class.
        start: number of the first group; the images of other numbers are different ones.
    """
    common, specific = np.random.default_rng(start), np.random.default_rng([start, model])
    rows = groups * images
    group = np.repeat(np.arange(groups), images)
    labels = common.integers(len(CLASSES), size=rows)
    shape = rows, len(CLASSES)
    scores = common.normal(size=shape) + 0.6 * specific.normal(size=shape)
    # Some subjects are hard for every model, and some for this one.
    subject = common.normal(0, 0.8, groups) + specific.normal(0, 0.6, groups)
    scores[np.arange(rows), labels] += skill + subject[group]
    probabilities = softmax(1.3 * scores)
    table = {
        "sha256": [f"{start:032x}{index:032x}" for index in range(rows)],
        "group": [f"subject {start + number}" for number in group],
        "label": np.array(CLASSES)[labels],
        "predicted": np.array(CLASSES)[probabilities.argmax(axis=1)],
        "confidence": probabilities.max(axis=1).round(4),
    }
    return RevisionPredictions(revision, pd.DataFrame(table), CLASSES)


def changed(predictions: RevisionPredictions, **columns) -> RevisionPredictions:
    """The same with other columns."""
    return replace(predictions, rows=predictions.rows.assign(**columns))


def subset(predictions: RevisionPredictions, rows: slice | np.ndarray) -> RevisionPredictions:
    """Those rows only, in their order."""
    return replace(predictions, rows=predictions.rows.iloc[rows])


def named(predictions: RevisionPredictions, class_names: list[str]) -> RevisionPredictions:
    """The same with another label map."""
    return replace(predictions, class_names=class_names)


def to_csv(predictions: RevisionPredictions) -> str:
    """The table that `evaluate` writes to the cache, with logits of 0."""
    rows, logits = predictions.rows, {f"logit_{name}": 0.0 for name in predictions.class_names}
    paths = [f"images/{index:05d}.jpg" for index in range(len(rows))]
    return rows.assign(path=paths, **logits).to_csv(index=False)


def to_git_csv(predictions: RevisionPredictions) -> str:
    """The table that `evaluate` writes for Git, with equal probabilities of the other classes."""
    rows, names = predictions.rows, predictions.class_names
    others = (1 - rows["confidence"]) / (len(names) - 1)
    probabilities = {
        f"probability_{name}": others.where(rows["predicted"] != name, rows["confidence"]).round(4)
        for name in names
    }
    return rows.drop(columns="confidence").assign(**probabilities).to_csv(index=False)
