"""The whole explain step on a tiny model: metrics, figures and reproducibility."""

import dataclasses
import re

import numpy as np
import pytest
from pydantic import ValidationError

from emotion.core.errors import UserError
from emotion.core.reports import ExplanationReport, read_report, write_report
from emotion.explainers import EXPLAINERS
from emotion.explainers.attribution import NotApplicableError
from emotion.explainers.explain import ExplainParams, explain_checkpoint, headline
from tests.conftest import make_checkpoint
from tests.explainers.conftest import CLASSES, draw_rows

pytestmark = pytest.mark.slow

QUICK = ExplainParams(shap_samples=2, lime_samples=20)
CAM = ExplainParams(methods=["grad_cam"])


def outputs(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("explained")


@pytest.fixture(scope="module")
def report(folder, checkpoint):
    return explain_checkpoint(checkpoint, draw_rows(folder), QUICK, folder / "plots")


def test_every_method_is_scored_with_its_chance_level(report):
    assert report.probe_images == 3
    assert report.layer == "layer4"
    assert list(report.methods) == list(EXPLAINERS)
    for method in report.methods.values():
        scores = dataclasses.asdict(method)
        details = scores.pop("details")
        assert set(scores) == {
            "evidence_share",
            "evidence_area",
            "deletion_auc",
            "deletion_auc_random",
            "blank_maps",
        }
        for value in [*scores.values(), *details.values()]:
            assert np.isfinite(value)
            assert value >= 0
    assert set(report.methods["shap_gradient"].details) == {"additivity_gap"}
    assert set(report.methods["lime_superpixels"].details) == {"r2", "half_agreement"}
    assert report.methods["grad_cam"].details == {}


@pytest.mark.usefixtures("report")
def test_one_panel_per_image_and_one_overview_are_drawn(folder):
    expected = {f"{name}_1.png" for name in CLASSES} | {"overview.png"}
    assert set(outputs(folder / "plots")) == expected


def test_the_report_does_not_depend_on_the_order_of_the_rows(
    report, folder, rows, tmp_path, checkpoint
):
    shuffled = rows.sample(frac=1, random_state=1)
    again = explain_checkpoint(checkpoint, shuffled, QUICK, tmp_path / "plots")
    assert again == report
    assert outputs(tmp_path / "plots") == outputs(folder / "plots")


def test_panels_of_an_earlier_run_are_removed(rows, tmp_path, checkpoint):
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "contempt_1.png").touch()
    explain_checkpoint(checkpoint, rows, CAM, tmp_path / "plots")
    assert "contempt_1.png" not in outputs(tmp_path / "plots")


def test_photographs_have_no_evidence_scores(rows, tmp_path, checkpoint):
    rows = rows.drop(columns="evidence")
    report = explain_checkpoint(checkpoint, rows, CAM, tmp_path / "plots")
    method = report.methods["grad_cam"]
    assert method.evidence_share is method.evidence_area is None
    assert method.deletion_auc > 0
    assert "evidence" not in headline(report)
    write_report(tmp_path / "explain.json", report)
    assert '"evidence_share": null' in (tmp_path / "explain.json").read_text()
    assert read_report(tmp_path / "explain.json", ExplanationReport) == report


def test_blank_maps_are_counted_and_reported(rows, tmp_path):
    checkpoint = make_checkpoint()
    # With these weights at 0, the logits do not depend on the features, so all gradients are 0.
    state = {
        name: value * 0 if name == "head.0.weight" else value
        for name, value in checkpoint.state_dict.items()
    }
    checkpoint = dataclasses.replace(checkpoint, state_dict=state)
    report = explain_checkpoint(checkpoint, rows, CAM, tmp_path / "plots")
    assert report.methods["grad_cam"].blank_maps == 3
    assert "3 of 3 maps blank" in headline(report)


def test_an_unknown_method_is_rejected_with_the_choices():
    with pytest.raises(ValidationError, match=re.escape("'grad_cam'")):
        ExplainParams(methods=["gradcam"])


def test_a_method_that_does_not_apply_is_left_out_and_the_others_go_on(
    rows, tmp_path, checkpoint, monkeypatch, capsys
):
    def refuse(*_):
        raise NotApplicableError("it finds no feature map in Mixer")

    monkeypatch.setitem(EXPLAINERS, "grad_cam", refuse)
    params = ExplainParams(methods=["grad_cam", "lime_superpixels"], lime_samples=20)
    report = explain_checkpoint(checkpoint, rows, params, tmp_path / "plots")
    assert list(report.methods) == ["lime_superpixels"]
    assert "grad_cam is left out: it finds no feature map in Mixer" in capsys.readouterr().out
    with pytest.raises(UserError, match=r"none of explain\.methods \(grad_cam\) applies to"):
        explain_checkpoint(checkpoint, rows, CAM, tmp_path / "plots")


def test_panels_of_any_class_name_stay_in_the_folder(rows, tmp_path, checkpoint):
    names = ["../../escaped", "$\\frac$", "sad"]
    rows = rows.assign(label=rows["label"].map(dict(zip(CLASSES, names, strict=True))))
    checkpoint = dataclasses.replace(checkpoint, class_names=names)
    explain_checkpoint(checkpoint, rows, CAM, tmp_path / "deep" / "plots")
    assert len(outputs(tmp_path / "deep" / "plots")) == 4
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["plots"]
