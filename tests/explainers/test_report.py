"""The whole of explain on a tiny model: its numbers, its figures, and that they come again."""

import dataclasses
import re

import numpy as np
import pytest
from pydantic import ValidationError

from emotion.explainers import EXPLAINERS
from emotion.explainers.report import ExplainParams, explain_checkpoint, headline
from tests.conftest import make_checkpoint
from tests.explainers.conftest import CLASSES, draw_rows

QUICK = ExplainParams(shap_samples=2, lime_samples=20)
CAM = ExplainParams(methods=["grad_cam"])


def outputs(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("explained")


@pytest.fixture(scope="module")
def report(folder, checkpoint):
    return explain_checkpoint(checkpoint, draw_rows(folder), folder, QUICK, folder / "plots")


def test_it_scores_every_method_beside_its_chance_level(report):
    assert report["probe_images"] == 3
    assert report["layer"] == "layer4"
    assert list(report["methods"]) == list(EXPLAINERS)
    common = {
        "evidence_share",
        "evidence_area",
        "deletion_auc",
        "deletion_auc_random",
        "blank_maps",
    }
    for scores in report["methods"].values():
        assert common <= set(scores)
        assert all(np.isfinite(value) and value >= 0 for value in scores.values())
    assert "additivity_gap" in report["methods"]["shap_gradient"]
    assert {"r2", "half_agreement"} <= set(report["methods"]["lime_superpixels"])


@pytest.mark.usefixtures("report")
def test_it_draws_a_panel_an_image_and_one_sheet(folder):
    expected = {f"{name}_1.png" for name in CLASSES} | {"overview.png"}
    assert set(outputs(folder / "plots")) == expected


def test_rows_in_another_order_give_the_same_bytes(report, folder, rows, tmp_path, checkpoint):
    shuffled = rows.sample(frac=1, random_state=1)
    again = explain_checkpoint(checkpoint, shuffled, tmp_path, QUICK, tmp_path / "plots")
    assert again == report
    assert outputs(tmp_path / "plots") == outputs(folder / "plots")


def test_panels_of_an_earlier_run_are_removed(rows, tmp_path, checkpoint):
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "contempt_1.png").touch()
    explain_checkpoint(checkpoint, rows, tmp_path, CAM, tmp_path / "plots")
    assert "contempt_1.png" not in outputs(tmp_path / "plots")


def test_photographs_have_no_evidence_scores(rows, tmp_path, checkpoint):
    rows = rows.drop(columns="evidence")
    report = explain_checkpoint(checkpoint, rows, tmp_path, CAM, tmp_path / "plots")
    assert "evidence_share" not in report["methods"]["grad_cam"]
    assert "deletion_auc" in report["methods"]["grad_cam"]
    assert "evidence" not in headline(report)


def test_blank_maps_are_counted_and_said(rows, tmp_path):
    checkpoint = make_checkpoint()
    # No weight of the backbone's features reaches the logits, so no gradient reaches the map.
    state = {
        name: value * 0 if name == "head.0.weight" else value
        for name, value in checkpoint.state_dict.items()
    }
    checkpoint = dataclasses.replace(checkpoint, state_dict=state)
    report = explain_checkpoint(checkpoint, rows, tmp_path, CAM, tmp_path / "plots")
    assert report["methods"]["grad_cam"]["blank_maps"] == 3
    assert "3 of 3 maps blank" in headline(report)


def test_an_unknown_method_is_refused_with_the_choices():
    with pytest.raises(ValidationError, match=re.escape("'grad_cam'")):
        ExplainParams(methods=["gradcam"])
