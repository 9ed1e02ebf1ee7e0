"""What `dvc metrics` shows: few numbers, all defined, each that of the report."""

from dataclasses import replace

import pytest

from emotion.core.reports import TrainingTime
from emotion.evaluation.headline_metrics import compute_metrics, timing_metrics
from tests.evaluation.test_report import report_of

ROWS = {"total": 1000, "train": 520, "val": 240, "test": 240, "rejected": 7}


@pytest.fixture(scope="module")
def report(val, test):
    return report_of(test, val)


def test_every_number_is_that_of_the_report(report):
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
    metrics = compute_metrics(replace(report, per_class=classes), ROWS, 7)
    assert metrics["f1_min"] > 0


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
