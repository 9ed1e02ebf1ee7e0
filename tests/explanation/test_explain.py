"""The whole explain step on a tiny model: scores, figures and reproducibility."""

import dataclasses
import re

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from emotion.core.errors import UserError
from emotion.core.explanation_report import ExplanationReport
from emotion.core.reports import read_report, write_report
from emotion.explanation.explain import explain_checkpoint
from emotion.explanation.methods import BASELINES, EXPLAINERS
from emotion.explanation.methods.attribution import NotApplicableError
from emotion.explanation.params import ExplainParams
from emotion.explanation.summary import format_observations, headline
from tests.conftest import make_checkpoint
from tests.explanation.methods.conftest import CLASSES, draw_rows

pytestmark = pytest.mark.slow

QUICK = ExplainParams(shap_samples=2, lime_samples=20, budget_s=1.0)
CAM = ExplainParams(methods=["grad_cam"])
APPLICABLE = set(EXPLAINERS) - {"attention_rollout"}


def outputs(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("explained")


@pytest.fixture(scope="module")
def explanation(folder, checkpoint):
    return explain_checkpoint(checkpoint, draw_rows(folder), QUICK, folder / "plots")


def test_every_method_is_scored_against_both_baselines(explanation):
    report = explanation.report
    assert set(report.methods) == APPLICABLE
    assert list(report.left_out) == ["attention_rollout"]
    assert list(report.baselines) == list(BASELINES)
    for method in report.methods.values():
        assert list(method.gain_over) == list(method.mass_over) == list(BASELINES)
        assert 0 <= method.deletion.low <= method.deletion.mean <= method.deletion.high
        assert method.verdict
    assert set(report.methods["shap_values"].details) == {"additivity_gap"}
    assert set(report.methods["lime_superpixels"].details) == {"r2", "seed_agreement"}
    assert list(report.methods["lime_superpixels"].randomization) == ["everything"]
    assert next(iter(report.methods["grad_cam"].randomization)) == "head"
    assert report.methods["grad_cam"].note.startswith("at layer")


def test_the_table_has_one_row_per_image_and_method(explanation):
    report, scores = explanation.report, explanation.scores
    methods = report.methods | report.baselines
    assert len(scores) == sum(method.images for method in methods.values())
    grad_cam = scores[scores["method"] == "grad_cam"]
    assert grad_cam["deletion"].mean() == pytest.approx(
        report.methods["grad_cam"].deletion.mean, abs=1e-3
    )


def test_methods_that_passed_come_first(explanation):
    passed = [method.passed for method in explanation.report.methods.values()]
    assert passed == sorted(passed, reverse=True)


@pytest.mark.usefixtures("explanation")
def test_panels_and_sheets_are_drawn(folder):
    panels = {f"{name}_1.png" for name in CLASSES}
    sheets = {f"class_{name}.png" for name in CLASSES} | {"overview.png", "mean_maps.png"}
    assert panels | sheets <= set(outputs(folder / "plots")) <= panels | sheets | {"mistakes.png"}


def test_the_mean_maps_have_a_row_for_each_class_that_is_predicted(explanation, folder):
    grad_cam = explanation.scores[explanation.scores["method"] == "grad_cam"]
    predicted = grad_cam["predicted"].nunique()
    rows = Image.open(folder / "plots" / "mean_maps.png").height / 253  # 2.3 inches of 110 dots
    assert rows == pytest.approx(predicted, abs=0.5)


def test_the_panel_table_names_the_images_of_the_panels(explanation):
    assert list(explanation.panels["panel"]) == [f"{name}_1.png" for name in CLASSES]
    assert list(explanation.panels["label"]) == CLASSES
    assert explanation.panels["confidence"].between(0, 1).all()


def test_nothing_depends_on_the_order_of_the_rows(explanation, folder, rows, tmp_path, checkpoint):
    shuffled = rows.sample(frac=1, random_state=1)
    again = explain_checkpoint(checkpoint, shuffled, QUICK, tmp_path / "plots")
    assert again.report == explanation.report
    assert outputs(tmp_path / "plots") == outputs(folder / "plots")


def test_figures_of_an_earlier_run_are_removed(rows, tmp_path, checkpoint):
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "contempt_1.png").touch()
    explain_checkpoint(checkpoint, rows, CAM, tmp_path / "plots")
    assert "contempt_1.png" not in outputs(tmp_path / "plots")


def test_photographs_have_no_evidence_scores(rows, tmp_path, checkpoint):
    rows = rows.drop(columns="evidence")
    report = explain_checkpoint(checkpoint, rows, CAM, tmp_path / "plots").report
    method = report.methods["grad_cam"]
    assert method.mass is method.pointing is method.area is None
    assert not method.mass_over
    assert method.deletion.mean > 0
    assert "evidence" not in headline(report)
    write_report(tmp_path / "report.json", report)
    assert read_report(tmp_path / "report.json", ExplanationReport) == report


def test_blank_maps_are_counted_and_reported(rows, tmp_path):
    checkpoint = make_checkpoint()
    # With these weights at 0, the logits do not depend on the features, so all gradients are 0.
    state = {
        name: value * 0 if name == "head.0.weight" else value
        for name, value in checkpoint.state_dict.items()
    }
    checkpoint = dataclasses.replace(checkpoint, state_dict=state)
    report = explain_checkpoint(checkpoint, rows, CAM, tmp_path / "plots").report
    assert report.methods["grad_cam"].blank_maps == 12
    assert not report.methods["grad_cam"].passed
    assert "12 blank" in headline(report)
    assert "No method passed" in format_observations(report)


def test_an_unknown_method_is_rejected_with_the_choices():
    with pytest.raises(ValidationError, match=re.escape("'grad_cam'")):
        ExplainParams(methods=["gradcam"])


def test_an_unknown_layer_is_rejected_with_the_choices(rows, tmp_path, checkpoint):
    params = dataclasses.replace(CAM, target_layer="layer9")
    with pytest.raises(UserError, match=r"explain\.target_layer is 'layer9'.*layer1"):
        explain_checkpoint(checkpoint, rows, params, tmp_path / "plots")


def test_a_method_that_does_not_apply_is_left_out_and_the_others_go_on(
    rows, tmp_path, checkpoint, monkeypatch, capsys
):
    def refuse(*_):
        raise NotApplicableError("it finds no feature map in Mixer")

    monkeypatch.setitem(EXPLAINERS, "grad_cam", refuse)
    params = ExplainParams(methods=["grad_cam", "lime_superpixels"], lime_samples=20, budget_s=1.0)
    report = explain_checkpoint(checkpoint, rows, params, tmp_path / "plots").report
    assert list(report.methods) == ["lime_superpixels"]
    assert "grad_cam is left out: it finds no feature map in Mixer" in capsys.readouterr().out
    with pytest.raises(UserError, match=r"none of explain\.methods \(grad_cam\) applies to"):
        explain_checkpoint(checkpoint, rows, CAM, tmp_path / "plots")


def test_panels_of_any_class_name_stay_in_the_folder(rows, tmp_path, checkpoint):
    names = ["a/../../../escaped", "1$\\frac$", "sad"]
    rows = rows.assign(label=rows["label"].map(dict(zip(CLASSES, names, strict=True))))
    checkpoint = dataclasses.replace(checkpoint, class_names=names)
    explain_checkpoint(checkpoint, rows, CAM, tmp_path / "deep" / "plots")
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["plots"]
    assert all(np.char.endswith(sorted(outputs(tmp_path / "deep" / "plots")), ".png"))
