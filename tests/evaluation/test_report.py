"""The content of the report, from predictions with known scores; intervals by a plain bootstrap."""

from dataclasses import asdict

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from emotion.core.reports import EvaluationReport, read_report, write_report
from emotion.evaluation.predictions import SplitPredictions
from emotion.evaluation.report import compute_intervals, score
from tests.evaluation.conftest import make_predictions, report_of


def leaves(value):
    return [x for v in value.values() for x in leaves(v)] if isinstance(value, dict) else [value]


def macro_f1(labels, predicted):
    return f1_score(labels, predicted, average="macro")


def reordered(predictions, **columns):
    """The same rows in another order, with other columns."""
    order = np.random.default_rng(0).permutation(len(predictions.rows))
    rows = predictions.rows.assign(**columns).iloc[order].reset_index(drop=True)
    return SplitPredictions(rows, predictions.logits[order], predictions.class_names)


def test_scores_of_each_split_are_its_own(report, val, test):
    for scores, split in ((report.val, val), (report.test, test)):
        assert scores.accuracy == round(accuracy_score(split.labels, split.predicted), 6)
        assert scores.macro_f1 == pytest.approx(macro_f1(split.labels, split.predicted), abs=1e-6)
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
    one = SplitPredictions(test.rows.assign(group="a"), test.logits, test.class_names)
    report = report_of(one)
    assert report.test.accuracy == pytest.approx(test.correct.mean(), abs=1e-6)
    assert report.test.accuracy_low is report.test.ece_high is None
    assert report.per_class["sad"].f1_low is None


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


def test_accepted_images_are_at_or_above_the_threshold(report, test):
    accepted = test.confidence(2.0) >= 0.7
    assert 0 < accepted.mean() < 1
    assert report.answered.coverage == pytest.approx(accepted.mean(), abs=1e-6)
    wrong = 1 - accuracy_score(test.labels[accepted], test.predicted[accepted])
    assert report.answered.error == pytest.approx(wrong, abs=1e-6)
    assert report_of(test).answered is None
    assert report_of(test, threshold=1.1).answered.error is None


def test_report_does_not_depend_on_the_order_of_rows_or_the_names_of_groups(report, val, test):
    other = reordered(test, group=test.rows["group"].str[::-1])
    assert report_of(other, val, threshold=0.7) == report


def plain_bootstrap(test, reference, resamples=1500):
    """Draw groups with replacement and score their rows, one resample at a time."""
    random = np.random.default_rng(123)
    groups = test.rows["group"].to_numpy()
    rows = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    scores = []
    for _ in range(resamples):
        drawn = np.concatenate([rows[i] for i in random.integers(0, len(rows), len(rows))])
        scores.append(reference(test.labels[drawn], test.predicted[drawn]))
    return np.percentile(scores, (2.5, 97.5), axis=0)


@pytest.mark.slow
def test_intervals_agree_with_a_plain_bootstrap_over_groups(test):
    ours = compute_intervals(test, 2.0, 20_000)
    # 40 groups: expanded percentiles are up to a sixth wider than plain ones.
    for interval, reference in (
        (ours.accuracy, accuracy_score),
        (ours.macro_f1, macro_f1),
        (ours.class_f1[2], lambda *rows: f1_score(*rows, average=None)[2]),
    ):
        low, high = plain_bootstrap(test, reference)
        width = high - low
        assert low - 0.2 * width < interval.low <= low + 0.07 * width
        assert high + 0.2 * width > interval.high >= high - 0.07 * width


def test_the_calibration_error_of_a_calibrated_model_may_be_zero():
    split = make_predictions(seed=4)
    calibrated, flat = (compute_intervals(split, t, 500).ece for t in (1.0, 3.0))
    assert calibrated.low == 0
    assert calibrated.high < flat.low


def test_a_class_that_never_occurs_has_no_interval(test):
    names = [*test.class_names, "disgust"]
    logits = np.hstack([test.logits, np.full((len(test.logits), 1), -99.0)])
    intervals = compute_intervals(SplitPredictions(test.rows, logits, names), 1.0, 100)
    assert intervals.class_f1[4] is None
    assert None not in intervals.class_f1[:4]
