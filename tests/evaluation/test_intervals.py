"""The intervals of a split agree with a plain cluster bootstrap, score by score."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from emotion.evaluation.intervals import compute_intervals
from emotion.evaluation.predictions import Predictions
from tests.evaluation.conftest import make_predictions


def plain_bootstrap(test, score, resamples=1500):
    """Draw groups with replacement and score their rows, one resample at a time."""
    random = np.random.default_rng(123)
    groups = test.rows["group"].to_numpy()
    rows = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    scores = []
    for _ in range(resamples):
        drawn = np.concatenate([rows[i] for i in random.integers(0, len(rows), len(rows))])
        scores.append(score(test.labels[drawn], test.predicted[drawn]))
    return np.percentile(scores, (2.5, 97.5), axis=0)


@pytest.mark.slow
def test_intervals_agree_with_a_plain_bootstrap_over_groups(test):
    ours = compute_intervals(test, 2.0, 20_000)
    # 40 groups: expanded percentiles are up to a sixth wider than plain ones.
    for interval, score in (
        (ours.accuracy, accuracy_score),
        (ours.macro_f1, lambda *rows: f1_score(*rows, average="macro")),
        (ours.class_f1[2], lambda *rows: f1_score(*rows, average=None)[2]),
    ):
        low, high = plain_bootstrap(test, score)
        width = high - low
        assert low - 0.2 * width < interval.low <= low + 0.07 * width
        assert high + 0.2 * width > interval.high >= high - 0.07 * width


def test_intervals_do_not_depend_on_the_order_of_rows_or_the_names_of_groups(test):
    shuffle = np.random.default_rng(0).permutation(len(test.rows))
    rows = test.rows.iloc[shuffle]
    rows = rows.assign(group=rows["group"].str[::-1])
    other = Predictions(rows, test.logits[shuffle], test.class_names)
    assert compute_intervals(other, 2.0, 200) == compute_intervals(test, 2.0, 200)


def test_the_calibration_error_of_a_calibrated_model_may_be_zero():
    split = make_predictions(seed=4)
    calibrated, flat = (compute_intervals(split, t, 500).ece for t in (1.0, 3.0))
    assert calibrated.low == 0
    assert calibrated.high < flat.low


def test_a_class_that_never_occurs_has_no_interval(test):
    names = [*test.class_names, "disgust"]
    logits = np.hstack([test.logits, np.full((len(test.logits), 1), -99.0)])
    intervals = compute_intervals(Predictions(test.rows, logits, names), 1.0, 100)
    assert intervals.class_f1[4] is None
    assert None not in intervals.class_f1[:4]
