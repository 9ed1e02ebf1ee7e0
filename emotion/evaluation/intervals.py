"""The 95 % intervals of all scores of a split, from the same resamples of its groups."""

from dataclasses import dataclass

import numpy as np

from emotion.evaluation.predictions import Predictions
from emotion.metrics import scores, sums
from emotion.metrics.bootstrap import Interval, ece_interval, interval_of, resample_sums


@dataclass(frozen=True, kw_only=True)
class ScoreIntervals:
    """None where an interval is undefined: see `interval_of`."""

    accuracy: Interval | None
    macro_f1: Interval | None
    ece: Interval | None
    class_f1: list[Interval | None]  # in the order of the classes


def compute_intervals(
    predictions: Predictions, temperature: float, resamples: int
) -> ScoreIntervals:
    """Resample the groups of a split; `temperature` divides the logits before the softmax."""
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
