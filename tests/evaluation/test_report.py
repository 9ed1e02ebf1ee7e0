"""The report says what its contract promises."""

import json

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from emotion.evaluation.predictions import Predictions
from emotion.evaluation.report import build_report, headline, score
from emotion.evaluation.slices import score_slices

FACTS = {"model_type": "resnet50", "weights": "random"}


@pytest.fixture(scope="module")
def report(val, test):
    return build_report(val, test, 2.0, score_slices(test, 100), 100, FACTS)


def leaves(value):
    return [x for v in value.values() for x in leaves(v)] if isinstance(value, dict) else [value]


def test_scores_of_each_split_are_its_own(report, val, test):
    for name, split in (("val", val), ("test", test)):
        labels, predicted = split.labels, split.predicted
        assert report[name]["accuracy"] == round(accuracy_score(labels, predicted), 6)
        f1 = f1_score(labels, predicted, average="macro")
        assert report[name]["macro_f1"] == pytest.approx(f1, abs=1e-6)
        assert report[name]["rows"] == 240
        assert report[name]["synthetic_fraction"] == 1


def test_score_lies_in_its_interval(report):
    test = report["test"]
    for name in ("accuracy", "macro_f1"):
        assert test[f"{name}_low"] < test[name] < test[f"{name}_high"]


def test_temperature_changes_probabilities_but_no_class(test):
    cold, hot = score(test, 1.0), score(test, 3.0)
    assert cold["accuracy"] == hot["accuracy"]
    assert cold["nll"] == cold["nll_uncalibrated"] == hot["nll_uncalibrated"] != hot["nll"]
    assert cold["ece"] == cold["ece_uncalibrated"] == hot["ece_uncalibrated"] != hot["ece"]
    assert cold["brier"] != hot["brier"]


def test_report_is_json_with_six_decimals_and_its_facts(report):
    assert json.loads(json.dumps(report)) == report
    assert {name: report[name] for name in FACTS} == FACTS
    numbers = [leaf for leaf in leaves(report) if not isinstance(leaf, str)]
    assert len(numbers) > 40
    assert all(number == round(number, 6) for number in numbers)


def test_per_class_follows_the_classes_of_the_model(report, test):
    assert list(report["per_class"]) == list(test.class_names)
    support = [report["per_class"][name]["support"] for name in test.class_names]
    assert support == np.bincount(test.labels).tolist()


def test_report_does_not_depend_on_the_order_of_the_rows(report, val, test):
    shuffle = np.random.default_rng(0).permutation(len(test.rows))
    rows = test.rows.iloc[shuffle].reset_index(drop=True)
    other = Predictions(rows, test.logits[shuffle], test.class_names)
    assert build_report(val, other, 2.0, score_slices(other, 100), 100, FACTS) == report


def test_worst_slice_of_each_attribute_is_named(report, test):
    table = score_slices(test, 100)
    worst = table.sort_values("accuracy").iloc[0]
    assert report["slices"] == {
        "skin_tone": {"lowest_accuracy": worst["accuracy"], "lowest_value": worst["value"]}
    }
    assert build_report(test, test, 2.0, table.head(0), 100, FACTS)["slices"] == {}


def test_headline_names_scores_chance_and_random_weights(report):
    line = headline(report)
    for name in ("accuracy", "macro_f1", "ece"):
        assert f"{report['test'][name]:.3f}" in line
    assert f"majority class {report['test']['majority_accuracy']:.2f}" in line
    assert "weights random" in line
