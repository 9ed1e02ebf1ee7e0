"""A report is read back as it was written, or rejected in one sentence."""

import json
from dataclasses import asdict

import pytest

from emotion.core.errors import UserError
from emotion.core.explanation_report import Estimate, ExplanationReport, MethodReport, UnitReport
from emotion.core.reports import Calibration, TrainingSummary, read_report, write_report
from emotion.export.report import BatchParity, ExportReport
from tests.conftest import make_calibration, preprocessing_of

EXPORT = ExportReport(
    opset=18,
    exporter="torch.export",
    constant_folding=True,
    failed=[],
    ir_version=10,
    parity={"batch_1": BatchParity(max_abs=1e-4, max_rel=1e-4, max_kl=1e-8)},
    tolerance=1e-4,
    rows=8,
    same_class=1.0,
    macro_f1_difference=0.0,
    file_mb=16.1,
    tag="test",
    preprocessing=preprocessing_of(32),
)
EXPLANATION = ExplanationReport(
    images=6,
    sampling_images=2,
    has_evidence=False,
    baselines={},
    methods={
        "grad_cam": MethodReport(
            title="Grad-CAM",
            images=6,
            verdict="a verdict",
            passed=True,
            deletion=Estimate(mean=0.3, low=0.2, high=0.4),
            insertion=Estimate(mean=0.5, low=None, high=None),
            gain_over={"center_map": Estimate(mean=0.1, low=0.0, high=0.2)},
            road=Estimate(mean=0.1, low=0.0, high=0.2),
            mass=None,
            mass_over={},
            pointing=None,
            area=None,
            units={"12": UnitReport(mass=0.4, pointing=0.8, area=0.1, images=9)},
            randomization={"head": 0.1},
            blank_maps=0,
            note="at layer3",
            details={"r2": 0.5},
        )
    },
    left_out={"attention_rollout": "no attention"},
    observations=["happy"],
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
