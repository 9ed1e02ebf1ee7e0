"""The summary has the numbers of the report, and says what is undefined."""

import numpy as np
import pandas as pd
import pytest

from emotion.evaluation.predictions import Predictions
from emotion.evaluation.report import build_report
from emotion.evaluation.summary import describe_scores


def describe(labels, predicted, groups, threshold=None):
    """Summarize predictions with a confidence of about 0.79."""
    names = ["angry", "happy", "sad"]
    rows = pd.DataFrame({"label": labels, "group": groups, "synthetic": False})
    logits = 2.0 * np.array([[name == other for other in names] for name in predicted])
    predictions = Predictions.from_network(rows, logits, names)
    settings = {"temperature": 1.0, "slices": {}, "resamples": 200, "model_type": "m"}
    report = build_report(predictions, val=None, threshold=threshold, weights="", **settings)
    return report, describe_scores(report, predictions)


LABELS = ["angry"] * 4 + ["happy"] * 6 + ["sad"] * 2
PREDICTED = ["angry", "happy", "happy", "sad"] + ["happy"] * 5 + ["angry"] + ["sad"] * 2


def test_scores_and_intervals_are_those_of_the_report():
    report, text = describe(LABELS, PREDICTED, range(12))
    test = report.test
    for name, score in (("accuracy", test.accuracy), ("macro-F1", test.macro_f1)):
        assert f"{name:<9}  {score:.3f}  " in text
    assert f"  {test.accuracy:.3f}  {test.accuracy_low:.3f} to {test.accuracy_high:.3f}\n" in text
    assert "most frequent class: accuracy 0.500" in text
    happy = next(line for line in text.splitlines() if line.startswith("happy"))
    low, high = report.per_class["happy"].f1_low, report.per_class["happy"].f1_high
    assert happy.split() == [
        "happy",
        "0.714",
        "0.833",
        "0.769",
        f"{low:.3f}",
        "to",
        f"{high:.3f}",
        "6",
    ]


def test_the_most_frequent_confusions_come_last():
    assert describe(LABELS, PREDICTED, range(12))[1].splitlines()[-3:] == [
        "angry taken for happy: 2 images (50.0 % of angry)",
        "angry taken for sad: 1 image (25.0 % of angry)",
        "happy taken for angry: 1 image (16.7 % of happy)",
    ]


def test_one_group_has_no_intervals():
    text = describe(LABELS, PREDICTED, ["ann"] * 12)[1]
    assert "accuracy   0.667  unknown" in text
    assert " to " not in text


def test_a_class_without_images_is_named():
    text = describe(["happy", "sad"], ["sad", "sad"], range(2))[1]
    assert "no images of angry (0 predicted); macro-F1 is over the classes that occur" in text
    assert "no images" not in describe(LABELS, PREDICTED, range(12))[1]


@pytest.mark.parametrize(
    ("threshold", "line"),
    [(0.5, "0.500: 100.0 % of the images, error rate of these 0.333"), (0.9, "0.900: 0.0 % of")],
)
def test_the_share_of_answered_images_is_given_if_there_is_a_threshold(threshold, line):
    assert line in describe(LABELS, PREDICTED, range(12), threshold)[1]
    assert "threshold" not in describe(LABELS, PREDICTED, range(12))[1]
