"""The content of metrics/evaluate.json, from predictions with known scores."""

from dataclasses import asdict

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from emotion.core.reports import EvaluationReport, WorstSlice, read_report, write_report
from emotion.evaluation.predictions import Predictions
from emotion.evaluation.report import build_report, headline, score
from emotion.evaluation.slices import score_slices

METADATA = {"model_type": "resnet50", "weights": "random"}


def report_of(val, test, slices):
    return build_report(val, test, temperature=2.0, slices=slices, resamples=100, **METADATA)


@pytest.fixture(scope="module")
def report(val, test):
    return report_of(val, test, score_slices(test, 100))


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


def test_temperature_changes_probabilities_but_no_class(test):
    cold, hot = score(test, 1.0), score(test, 3.0)
    assert cold.accuracy == hot.accuracy
    assert cold.nll == cold.nll_uncalibrated == hot.nll_uncalibrated != hot.nll
    assert cold.ece == cold.ece_uncalibrated == hot.ece_uncalibrated != hot.ece
    assert cold.brier != hot.brier


def test_report_is_json_with_six_decimals_and_its_metadata(report, tmp_path):
    write_report(tmp_path / "evaluate.json", report)
    assert read_report(tmp_path / "evaluate.json", EvaluationReport) == report
    assert (report.model_type, report.weights) == ("resnet50", "random")
    numbers = [leaf for leaf in leaves(asdict(report)) if not isinstance(leaf, str)]
    assert len(numbers) > 40
    assert all(number == round(number, 6) for number in numbers)


def test_per_class_has_the_classes_of_the_model_in_order(report, test):
    assert list(report.per_class) == list(test.class_names)
    support = [report.per_class[name].support for name in test.class_names]
    assert support == np.bincount(test.labels).tolist()


def test_report_does_not_depend_on_the_order_of_the_rows(report, val, test):
    shuffle = np.random.default_rng(0).permutation(len(test.rows))
    rows = test.rows.iloc[shuffle].reset_index(drop=True)
    other = Predictions(rows, test.logits[shuffle], test.class_names)
    assert report_of(val, other, score_slices(other, 100)) == report


def test_worst_slice_of_each_attribute_is_named(report, test):
    table = score_slices(test, 100)
    worst = table.sort_values("accuracy").iloc[0]
    assert report.slices == {
        "skin_tone": WorstSlice(lowest_accuracy=worst["accuracy"], lowest_value=worst["value"])
    }
    assert report_of(test, test, table.head(0)).slices == {}


def test_headline_has_the_scores_the_chance_level_and_the_initial_weights(report):
    line = headline(report)
    for value in (report.test.accuracy, report.test.macro_f1, report.test.ece):
        assert f"{value:.3f}" in line
    assert f"majority class {report.test.majority_accuracy:.2f}" in line
    assert "weights random" in line
