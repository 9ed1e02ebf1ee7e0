"""A report is read back as it was written, or rejected in one sentence."""

import json
from dataclasses import asdict

import pytest

from emotion.core.errors import UserError
from emotion.core.reports import (
    Calibration,
    ExplanationReport,
    ExportReport,
    MethodReport,
    TrainingSummary,
    read_report,
    write_report,
)
from tests.conftest import make_calibration, preprocessing_of

EXPORT = ExportReport(
    opset=18,
    opset_requested=18,
    ir_version=10,
    max_abs_difference={"batch_1": 1e-5},
    tolerance=1e-4,
    rows=8,
    same_class=1.0,
    file_mb=16.1,
    tag="test",
    preprocessing=preprocessing_of(32),
)
EXPLANATION = ExplanationReport(
    probe_images=6,
    layer="layer4",
    methods={
        "grad_cam": MethodReport(
            deletion_auc=0.3,
            deletion_auc_random=0.5,
            evidence_share=None,
            evidence_area=None,
            blank_maps=0,
            details={"r2": 0.5},
        )
    },
)


@pytest.mark.parametrize("report", [EXPORT, EXPLANATION], ids=lambda report: type(report).__name__)
def test_a_report_survives_writing_and_reading(tmp_path, report):
    write_report(tmp_path / "report.json", report)
    assert read_report(tmp_path / "report.json", type(report)) == report


def test_a_field_that_is_missing_or_of_the_wrong_type_is_named(tmp_path):
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps({"temperature": "warm", "val_nll_before": 1.0}))
    with pytest.raises(
        UserError, match=r"calibration\.json does not have .*\(temperature, flip, val_n"
    ):
        read_report(path, Calibration)
    path.write_text("[]")
    with pytest.raises(UserError, match=r"calibration\.json does not have the form"):
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
    with pytest.raises(UserError, match=r"c\.json does not have the form .*\(temperature\)"):
        read_report(tmp_path / "c.json", Calibration)
