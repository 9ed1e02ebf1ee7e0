"""The intervals agree with a plain cluster bootstrap."""

import numpy as np
import pytest

from emotion.evaluation.intervals import bootstrap_intervals


def plain_f1(labels, predicted, label):
    hits = np.sum((labels == label) & (predicted == label))
    return 2 * hits / (np.sum(labels == label) + np.sum(predicted == label))


def plain_bootstrap(labels, predicted, groups, resamples):
    """Draw groups with replacement and score their rows, one resample at a time."""
    random = np.random.default_rng(123)
    rows = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    scores = []
    for _ in range(resamples):
        sampled = np.concatenate([rows[i] for i in random.integers(0, len(rows), len(rows))])
        true, guess = labels[sampled], predicted[sampled]
        scores.append(
            (np.mean(true == guess), np.mean([plain_f1(true, guess, k) for k in range(4)]))
        )
    return np.percentile(scores, (2.5, 97.5), axis=0).T


def by_group(test):
    return test.labels, test.predicted, test.rows["group"].to_numpy()


def test_interval_agrees_with_a_plain_bootstrap_over_groups(test):
    ours = bootstrap_intervals(*by_group(test), classes=4, resamples=20_000)
    theirs = plain_bootstrap(*by_group(test), resamples=2000)
    np.testing.assert_allclose([ours["accuracy"], ours["macro_f1"]], theirs, atol=0.004)


def test_interval_does_not_depend_on_the_order_of_rows_or_names_of_groups(test):
    labels, predicted, groups = by_group(test)
    shuffle = np.random.default_rng(0).permutation(len(labels))
    renamed = np.array([name[::-1] for name in groups])
    expected = bootstrap_intervals(labels, predicted, groups, 4, 200)
    assert expected == bootstrap_intervals(
        labels[shuffle], predicted[shuffle], renamed[shuffle], 4, 200
    )


def test_images_of_one_subject_are_not_independent():
    # Twenty subjects, each with ten images that are all correct or all wrong.
    labels = np.zeros(200, dtype=int)
    predicted = np.repeat(np.arange(20) % 2, 10)
    subjects = bootstrap_intervals(labels, predicted, np.repeat(np.arange(20), 10), 2, 2000)
    images = bootstrap_intervals(labels, predicted, np.arange(200), 2, 2000)
    width = {
        name: interval["accuracy"].high - interval["accuracy"].low
        for name, interval in (("subjects", subjects), ("images", images))
    }
    assert width["subjects"] == pytest.approx(width["images"] * np.sqrt(10), rel=0.1)


def test_a_single_group_gives_an_interval_of_zero_width():
    interval = bootstrap_intervals(np.array([0, 1]), np.array([0, 0]), np.array(["a", "a"]), 2, 100)
    assert interval["accuracy"] == (0.5, 0.5)
