"""Simulate predictions with known true scores, to test intervals and reports.

The defaults give an accuracy of 0.63 and an expected calibration error of 0.03, so every class has
errors and no statistic is at a limit of its range.
"""

from dataclasses import dataclass

import numpy as np

from emotion.metrics.scores import softmax


@dataclass(frozen=True)
class SimulatedPredictions:
    """Predictions for `groups * images_per_group` rows; the rows of a group are adjacent."""

    labels: np.ndarray  # int64 (N,), class indices
    logits: np.ndarray  # float64 (N, C)
    groups: np.ndarray  # int64 (N,), index of the group, from 0

    @property
    def predicted(self) -> np.ndarray:
        """Class indices, int64 (N,)."""
        return np.asarray(self.logits.argmax(axis=1))

    @property
    def confidence(self) -> np.ndarray:
        """Probability of the predicted class, float64 (N,)."""
        return np.asarray(softmax(self.logits).max(axis=1))


def simulate(
    rng: np.random.Generator,
    groups: int,
    images_per_group: int,
    subject_sd: float = 0.7,
    sharpness: float = 1.3,
    skill: float = 1.6,
    classes_prior: tuple[float, ...] = (0.16, 0.10, 0.22, 0.22, 0.16, 0.14),
) -> SimulatedPredictions:
    """Draw a label per row, and standard normal scores with a higher one for the true class.

    Args:
        rng: source of all randomness.
        groups: number of groups, such as subjects.
        images_per_group: rows of each group.
        subject_sd: standard deviation of the effect that all rows of a group have. It is added to
            the score of the true class; 0 makes the rows independent.
        sharpness: factor from scores to logits. By default the confidence is too low below about
            1.4 and too high above.
        skill: mean score of the true class; 0 is chance.
        classes_prior: probability of each class; sums to 1.
    """
    rows = groups * images_per_group
    group = np.repeat(np.arange(groups), images_per_group)
    labels = rng.choice(len(classes_prior), size=rows, p=classes_prior)
    scores = rng.normal(size=(rows, len(classes_prior)))
    scores[np.arange(rows), labels] += skill + rng.normal(0, subject_sd, groups)[group]
    return SimulatedPredictions(labels, sharpness * scores, group)
