"""The whole explain step on a tiny model: scores, figures and reproducibility."""

import dataclasses

import numpy as np
import pytest
from pydantic import ValidationError

from emotion.core.explanation_report import ExplanationReport
from emotion.core.reports import read_report, write_report
from emotion.explanation import figures
from emotion.explanation.explain import explain_checkpoint
from emotion.explanation.methods import BASELINES, EXPLAINERS
from emotion.explanation.methods.attribution import NotApplicableError
from emotion.explanation.params import ExplainParams
from emotion.explanation.summary import format_observations, headline
from tests.conftest import make_checkpoint
from tests.explanation.methods.conftest import CLASSES, draw_rows
from tests.user_errors import user_error

pytestmark = pytest.mark.slow

QUICK = ExplainParams(shap_samples=2, lime_samples=20, budget_s=1.0)
CAM = ExplainParams(methods=["grad_cam"])


def outputs(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("explained")


@pytest.fixture(scope="module")
def explained(folder, checkpoint):
    return explain_checkpoint(checkpoint, draw_rows(folder), QUICK, folder / "plots")


def test_every_method_is_scored_against_both_baselines(explained):
    report, scores, _ = explained
    assert set(report.methods) == set(EXPLAINERS) - {"attention_rollout"}
    assert list(report.left_out) == ["attention_rollout"]
    assert list(report.baselines) == list(BASELINES)
    for name, method in report.methods.items():
        assert list(method.gain_over) == list(method.mass_over) == list(BASELINES)
        assert 0 <= method.deletion.low <= method.deletion.mean <= method.deletion.high
        assert method.verdict
        assert len(scores[scores["method"] == name]) == method.images
    assert set(report.methods["shap_values"].details) == {"additivity_gap"}
    assert set(report.methods["lime_superpixels"].details) == {"r2", "seed_agreement"}
    assert list(report.methods["lime_superpixels"].randomization) == ["everything"]
    grad_cam = report.methods["grad_cam"]
    assert next(iter(grad_cam.randomization)) == "head"
    assert "layer" in grad_cam.note
    deletion = scores.loc[scores["method"] == "grad_cam", "deletion"]
    assert deletion.mean() == pytest.approx(grad_cam.deletion.mean, abs=1e-3)
    passed = [method.passed for method in report.methods.values()]
    assert passed == sorted(passed, reverse=True)


def test_panels_and_sheets_are_drawn(explained, folder):
    _, _, panels = explained
    names = [f"{name}_1.png" for name in CLASSES]
    assert list(panels["panel"]) == names
    assert list(panels["label"]) == CLASSES
    assert panels["confidence"].between(0, 1).all()
    drawn = {*names, *(f"class_{name}.png" for name in CLASSES), "overview.png", "mean_maps.png"}
    assert drawn <= set(outputs(folder / "plots")) <= drawn | {"mistakes.png"}


def test_sheets_show_the_mistakes_and_the_mean_maps(rows, tmp_path, checkpoint, monkeypatch):
    sheets = {}
    monkeypatch.setattr(
        figures, "draw_sheet", lambda path, panels: sheets.update({path.name: panels})
    )
    _, scores, _ = explain_checkpoint(checkpoint, rows, CAM, tmp_path)
    scores = scores[scores["method"] == "grad_cam"]
    predicted = [name for name in CLASSES if name in set(scores["predicted"])]
    headings = [panel.heading for panel in sheets["mean_maps.png"]]
    assert [heading.split()[-1] for heading in headings] == predicted
    mistakes = sheets["mistakes.png"]
    assert len(mistakes) == min(6, (scores["predicted"] != scores["label"]).sum())
    assert not any(panel.correct for panel in mistakes)
    assert {len(panel.maps) for panel in mistakes} == {2}


def test_nothing_depends_on_the_order_of_the_rows(explained, folder, rows, tmp_path, checkpoint):
    shuffled = rows.sample(frac=1, random_state=1)
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "contempt_1.png").touch()  # of an earlier run
    report, *_ = explain_checkpoint(checkpoint, shuffled, QUICK, tmp_path / "plots")
    assert report == explained[0]
    assert outputs(tmp_path / "plots") == outputs(folder / "plots")


def test_photographs_have_no_evidence_scores(rows, tmp_path, checkpoint):
    rows = rows.drop(columns="evidence")
    report, *_ = explain_checkpoint(checkpoint, rows, CAM, tmp_path / "plots")
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
    state = checkpoint.state_dict | {"head.0.weight": checkpoint.state_dict["head.0.weight"] * 0}
    checkpoint = dataclasses.replace(checkpoint, state_dict=state)
    report, *_ = explain_checkpoint(checkpoint, rows, CAM, tmp_path / "plots")
    assert report.methods["grad_cam"].blank_maps == 12
    assert not report.methods["grad_cam"].passed
    assert "12 blank" in headline(report)
    assert report.observations == ["No method passed, so the maps say nothing about the model."]
    assert "**Grad-CAM** (12 images)" in format_observations(report)


def test_an_unknown_method_is_rejected_with_the_choices():
    with pytest.raises(ValidationError, match="'grad_cam'"):
        ExplainParams(methods=["gradcam"])


def test_an_unknown_layer_is_rejected_with_the_choices(rows, tmp_path, checkpoint):
    params = dataclasses.replace(CAM, target_layer="layer9")
    with user_error("layer9", key="explain.target_layer", hint="layer1"):
        explain_checkpoint(checkpoint, rows, params, tmp_path / "plots")


def test_a_method_that_does_not_apply_is_left_out_and_the_others_go_on(
    rows, tmp_path, checkpoint, monkeypatch, capsys
):
    def refuse(*_):
        raise NotApplicableError("no feature map in Mixer")

    monkeypatch.setitem(EXPLAINERS, "grad_cam", refuse)
    params = ExplainParams(methods=["grad_cam", "lime_superpixels"], lime_samples=20, budget_s=1.0)
    report, *_ = explain_checkpoint(checkpoint, rows, params, tmp_path / "plots")
    assert list(report.methods) == ["lime_superpixels"]
    assert report.left_out == {"grad_cam": "no feature map in Mixer"}
    printed = capsys.readouterr().out
    assert "grad_cam" in printed
    assert "no feature map in Mixer" in printed
    with user_error("grad_cam", "test_resnet", key="explain.methods", hint="lime_superpixels"):
        explain_checkpoint(checkpoint, rows, CAM, tmp_path / "plots")


def test_panels_of_any_class_name_stay_in_the_folder(rows, tmp_path, checkpoint):
    names = ["a/../../../escaped", "1$\\frac$", "sad"]
    rows = rows.assign(label=rows["label"].map(dict(zip(CLASSES, names, strict=True))))
    checkpoint = dataclasses.replace(checkpoint, class_names=names)
    explain_checkpoint(checkpoint, rows, CAM, tmp_path / "deep" / "plots")
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["plots"]
    assert all(np.char.endswith(sorted(outputs(tmp_path / "deep" / "plots")), ".png"))
