"""Scores of benchmarks/bench_photographs.py against scikit-learn's."""

import numpy as np
import pytest
from sklearn import metrics

from benchmarks.source_scores import NONE, Faces, Predicted, measure

NAMES = ["contempt", "happy", "sad"]


@pytest.fixture
def source():
    random = np.random.default_rng(0)
    labels = random.choice(NAMES[1:], 200)
    return Faces(
        name="made",
        paths=[str(n) for n in range(200)],
        labels=labels,
        groups=np.arange(200) // 2,
    )


def predicted_by(name, seed, names=NAMES, faceless=3):
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(len(names)), 200)
    probabilities[:faceless] = np.nan
    return Predicted(name=name, class_names=names, probabilities=probabilities)


def test_scores_equal_those_of_scikit_learn(source):
    ours = predicted_by("photographs", 1)
    found = measure(source, [ours, predicted_by("other", 2, NAMES[1:])])
    for kind, among in (("all", None), ("known", {"happy", "sad"})):
        predicted = ours.labels(among)
        record = found["networks"]["photographs"][kind]
        expected = {
            "accuracy": metrics.accuracy_score(source.labels, predicted),
            "balanced_accuracy": metrics.recall_score(
                source.labels, predicted, labels=NAMES[1:], average="macro"
            ),
            "macro_f1": metrics.f1_score(
                source.labels, predicted, labels=NAMES[1:], average="macro"
            ),
        }
        for name, value in expected.items():
            score, low, high = record[name]
            assert score == pytest.approx(value, abs=1e-4)
            assert low < value < high


def test_an_image_without_a_face_is_wrong_for_every_choice_of_classes(source):
    nothing = predicted_by("photographs", 1, faceless=199)
    assert set(nothing.labels()[:199]) == set(nothing.labels({"happy"})[:199]) == {NONE}
    found = measure(source, [nothing])
    assert found["no_face"] == 199 / 200
    assert found["networks"]["photographs"]["all"]["accuracy"][0] <= 1 / 200


def test_only_the_given_classes_are_chosen():
    ours = predicted_by("photographs", 1, faceless=0)
    assert set(ours.labels()) == set(NAMES)
    chosen = ours.labels({"happy", "sad", "angry"})
    best = np.where(ours.probabilities[:, 1] > ours.probabilities[:, 2], "happy", "sad")
    assert chosen.tolist() == best.tolist()


def test_what_ours_is_ahead_is_the_difference_in_accuracy(source):
    ours, other = predicted_by("photographs", 1), predicted_by("other", 2)
    found = measure(source, [ours, other])["networks"]
    ahead = found["other"]["ahead"]
    one, two = (found[name]["shared"]["accuracy"][0] for name in ("photographs", "other"))
    assert ahead["mean"] == pytest.approx(100 * (one - two), abs=0.01)
    assert ahead["low"] < ahead["mean"] < ahead["high"]
    same = measure(source, [ours, ours])["networks"]["photographs"]["ahead"]
    assert same == {"mean": 0, "low": 0, "high": 0}
