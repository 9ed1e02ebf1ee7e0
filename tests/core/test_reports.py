"""A report is read back as it was written, or rejected in one sentence."""

import json
from dataclasses import asdict

import pytest

from emotion.core.reports import Calibration, TrainingSummary, read_report, write_report
from tests.conftest import make_calibration
from tests.reports import EXPLANATION, EXPORT
from tests.user_errors import user_error


@pytest.mark.parametrize("report", [EXPORT, EXPLANATION], ids=lambda report: type(report).__name__)
def test_a_report_survives_writing_and_reading(tmp_path, report):
    write_report(tmp_path / "report.json", report)
    assert read_report(tmp_path / "report.json", type(report)) == report


def test_a_field_that_is_missing_or_of_the_wrong_type_is_named(tmp_path):
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps({"temperature": "warm", "val_nll_before": 1.0}))
    with user_error("temperature", "flip", file="calibration.json", hint="dvc repro"):
        read_report(path, Calibration)
    path.write_text("[]")
    with user_error(file="calibration.json", hint="dvc repro"):
        read_report(path, Calibration)


def test_values_that_dvclive_adds_are_ignored(tmp_path):
    values = {"best_epoch": 3, "best_val_macro_f1": 0.5, "best_val_accuracy": 0.6}
    values |= {"weights": "random"}
    (tmp_path / "metrics.json").write_text(json.dumps({**values, "step": 3, "train_loss": 1.0}))
    assert read_report(tmp_path / "metrics.json", TrainingSummary) == TrainingSummary(**values)


@pytest.mark.parametrize("temperature", [0, -1.0, float("nan"), float("inf")])
def test_a_temperature_that_would_turn_the_probabilities_around_is_refused(tmp_path, temperature):
    content = asdict(make_calibration()) | {"temperature": temperature}
    (tmp_path / "c.json").write_text(json.dumps(content))
    with user_error("temperature", file="c.json"):
        read_report(tmp_path / "c.json", Calibration)
