"""The content of the report, from predictions with known scores."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from emotion.core.reports import EvaluationReport, read_report, write_report
from emotion.evaluation.predictions import Predictions
from emotion.evaluation.report import build_report, headline, score
from emotion.evaluation.slice_gaps import compute_gaps

METADATA = {"model_type": "resnet50", "weights": "random"}


def report_of(test, val=None, threshold=None):
    slices = compute_gaps(test)
    return build_report(
        test,
        val=val,
        temperature=2.0,
        threshold=threshold,
        slices=slices,
        resamples=100,
        **METADATA,
    )


@pytest.fixture(scope="module")
def report(val, test):
    return report_of(test, val, threshold=0.7)


def leaves(value):
    return [x for v in value.values() for x in leaves(v)] if isinstance(value, dict) else [value]


def test_scores_of_each_split_are_its_own(report, val, test):
    for scores, split in ((report.val, val), (report.test, test)):
        labels, predicted = split.labels, split.predicted
        assert scores.accuracy == round(accuracy_score(labels, predicted), 6)
        f1 = f1_score(labels, predicted, average="macro")
        assert scores.macro_f1 == pytest.approx(f1, abs=1e-6)
        assert scores.rows == 240
        assert scores.synthetic_fraction == 1


def test_scores_are_inside_their_intervals(report):
    test = report.test
    assert test.accuracy_low < test.accuracy < test.accuracy_high
    assert test.macro_f1_low < test.macro_f1 < test.macro_f1_high
    assert test.ece_low < test.ece < test.ece_high
    for scores in report.per_class.values():
        assert scores.f1_low < scores.f1 < scores.f1_high


def test_one_group_has_scores_but_no_intervals(test):
    one = Predictions(test.rows.assign(group="a"), test.logits, test.class_names)
    report = report_of(one)
    assert report.test.accuracy == pytest.approx(test.correct.mean(), abs=1e-6)
    assert report.test.accuracy_low is report.test.ece_high is None
    assert report.per_class["sad"].f1_low is None
    assert "one group: no interval" in headline(report)


def test_temperature_changes_probabilities_but_no_class(test):
    cold, hot = score(test, 1.0), score(test, 3.0)
    assert cold.accuracy == hot.accuracy
    assert cold.nll == cold.nll_uncalibrated == hot.nll_uncalibrated != hot.nll
    assert cold.ece == cold.ece_uncalibrated == hot.ece_uncalibrated != hot.ece
    assert cold.brier != hot.brier


def test_report_is_json_with_six_decimals_and_its_metadata(report, tmp_path):
    write_report(tmp_path / "report.json", report)
    assert read_report(tmp_path / "report.json", EvaluationReport) == report
    assert (report.model_type, report.weights) == ("resnet50", "random")
    numbers = [leaf for leaf in leaves(asdict(report)) if not isinstance(leaf, str)]
    assert len(numbers) > 60
    assert all(number == round(number, 6) for number in numbers)


def test_per_class_has_the_classes_of_the_model_in_order(report, test):
    assert list(report.per_class) == list(test.class_names)
    support = [report.per_class[name].support for name in test.class_names]
    assert support == np.bincount(test.labels).tolist()


def test_answered_counts_the_images_at_or_above_the_threshold(report, test):
    answered = test.confidence(2.0) >= 0.7
    assert 0 < answered.mean() < 1
    assert report.answered.coverage == pytest.approx(answered.mean(), abs=1e-6)
    wrong = 1 - accuracy_score(test.labels[answered], test.predicted[answered])
    assert report.answered.error == pytest.approx(wrong, abs=1e-6)
    assert report_of(test).answered is None
    assert report_of(test, threshold=1.1).answered.error is None


def test_report_does_not_depend_on_the_order_of_the_rows(report, val, test):
    shuffle = np.random.default_rng(0).permutation(len(test.rows))
    rows = test.rows.iloc[shuffle].reset_index(drop=True)
    other = Predictions(rows, test.logits[shuffle], test.class_names)
    assert report_of(other, val, threshold=0.7) == report


def test_headline_has_the_scores_the_chance_level_and_the_initial_weights(report):
    line = headline(report)
    for value in (report.test.accuracy, report.test.macro_f1, report.test.ece):
        assert f"{value:.3f}" in line
    assert f"majority class {report.test.majority_accuracy:.2f}" in line
    assert "weights random" in line
    assert "weights" not in headline(replace(report, weights=""))
