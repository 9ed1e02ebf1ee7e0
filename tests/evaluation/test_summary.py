"""Summaries have the numbers of the report, and name what is undefined."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from emotion.core.reports import TrainingTime
from emotion.evaluation.predictions import SplitPredictions
from emotion.evaluation.report import ModelFacts, build_report
from emotion.evaluation.summary import compute_metrics, describe_scores, headline, timing_metrics

ROWS = {"total": 1000, "train": 520, "val": 240, "test": 240, "rejected": 7}


def test_headline_has_the_scores_the_chance_level_and_the_initial_weights(report):
    words = headline(report).replace(",", "").rstrip(")").split()
    test = report.test
    for value in (test.accuracy, test.macro_f1, test.ece):
        assert f"{value:.3f}" in words
    assert f"{test.majority_accuracy:.2f}" in words
    assert words[-2:] == ["weights", "random"]
    assert "weights" not in headline(replace(report, weights=""))


def test_every_metric_is_a_number_of_the_report(report):
    metrics = compute_metrics(report, ROWS, best_epoch=7)
    assert metrics == {
        "acc": round(report.test.accuracy, 3),
        "ece": round(report.test.ece, 3),
        "epoch": 7,
        "f1": round(report.test.macro_f1, 3),
        "f1_high": round(report.test.macro_f1_high, 3),
        "f1_low": round(report.test.macro_f1_low, 3),
        "f1_min": round(min(scores.f1 for scores in report.per_class.values()), 3),
        "gap": round(report.slices["skin_tone"].gap, 3),
        "n_test": 240,
        "n_train": 520,
        "n_val": 240,
        "val_f1": round(report.val.macro_f1, 3),
    }


def test_a_class_without_test_images_is_not_the_worst(report):
    absent = replace(report.per_class["sad"], f1=0.0, support=0)
    classes = {**report.per_class, "sad": absent}
    assert compute_metrics(replace(report, per_class=classes), ROWS, 7)["f1_min"] > 0


def test_the_gap_is_the_largest_of_all_attributes(report):
    [small] = report.slices.values()
    slices = {"age": small, "skin_tone": replace(small, gap=0.9), "source": small}
    assert compute_metrics(replace(report, slices=slices), ROWS, 7)["gap"] == 0.9


def test_a_number_that_is_undefined_is_left_out_because_dvc_shows_a_dash(report):
    plain = replace(report, slices={}, test=replace(report.test, macro_f1_low=None))
    metrics = compute_metrics(plain, ROWS, 7)
    assert {"gap", "f1_low"}.isdisjoint(metrics)
    assert None not in metrics.values()


def test_times_are_in_minutes_and_images_per_second():
    time = TrainingTime(
        epoch_seconds=[60, 30], total_seconds=90, images_per_second=18.888, machine={"cores": 2}
    )
    assert timing_metrics(time) == {"img_s": 18.9, "minutes": 1.5}


LABELS = ["angry"] * 4 + ["happy"] * 6 + ["sad"] * 2
PREDICTED = ["angry", "happy", "happy", "sad"] + ["happy"] * 5 + ["angry"] + ["sad"] * 2


def describe(labels=LABELS, predicted=PREDICTED, groups=range(12), threshold=None):
    """The report and the lines on predictions with a confidence of about 0.79."""
    names = ["angry", "happy", "sad"]
    rows = pd.DataFrame({"label": labels, "group": groups, "synthetic": False})
    logits = 2.0 * np.array([[name == other for other in names] for name in predicted])
    predictions = SplitPredictions.from_network(rows, logits, names)
    model = ModelFacts(model_type="m", weights="", temperature=1.0, threshold=threshold)
    report = build_report(predictions, None, model, slices={}, resamples=200)
    return report, describe_scores(report, predictions).splitlines()


def line_of(name, lines):
    """The words of the only line that begins with a name."""
    (line,) = (line for line in lines if line.startswith(f"{name} "))
    return line.split()


def test_scores_and_intervals_are_those_of_the_report():
    report, lines = describe()
    test, happy = report.test, report.per_class["happy"]
    for name, score, low, high in (
        ("accuracy", test.accuracy, test.accuracy_low, test.accuracy_high),
        ("macro-F1", test.macro_f1, test.macro_f1_low, test.macro_f1_high),
        ("ECE", test.ece, test.ece_low, test.ece_high),
    ):
        assert line_of(name, lines)[1:] == [f"{score:.3f}", f"{low:.3f}", "to", f"{high:.3f}"]
    assert "0.500" in line_of("(always", lines)[-1]
    interval = [f"{happy.f1_low:.3f}", "to", f"{happy.f1_high:.3f}"]
    assert line_of("happy", lines[5:9])[1:] == ["0.714", "0.833", "0.769", *interval, "6"]


def test_the_most_frequent_confusions_come_last():
    assert describe()[1][-3:] == [
        "angry taken for happy: 2 images (50.0 % of angry)",
        "angry taken for sad: 1 image (25.0 % of angry)",
        "happy taken for angry: 1 image (16.7 % of happy)",
    ]


def test_one_group_has_no_intervals():
    report, lines = describe(groups=["ann"] * 12)
    assert line_of("accuracy", lines) == ["accuracy", "0.667", "unknown"]
    assert not any(" to " in line for line in lines)
    assert "one group" in headline(report)


def test_a_class_without_images_is_named():
    lines = describe(["happy", "sad"], ["sad", "sad"], range(2))[1]
    assert "angry (0 predicted)" in " ".join(line_of("no", lines))
    assert not any(line.startswith("no ") for line in describe()[1])


@pytest.mark.parametrize(
    ("threshold", "numbers"), [(0.5, ["0.500", "100.0", "0.333"]), (0.9, ["0.900", "0.0"])]
)
def test_coverage_and_error_are_given_if_there_is_a_threshold(threshold, numbers):
    words = line_of("at or above", describe(threshold=threshold)[1])
    assert [word.strip(":,") for word in words if word[0].isdigit()] == numbers
    assert not any(line.startswith("above") for line in describe()[1])
