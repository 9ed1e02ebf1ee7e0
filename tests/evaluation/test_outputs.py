"""A report is written whole: the numbers, every table and every figure."""

import pandas as pd
import pytest
from PIL import Image

from emotion.core.reports import EvaluationReport, read_report
from emotion.evaluation.outputs import ModelFacts, write_outputs
from emotion.evaluation.predictions import Predictions
from emotion.evaluation.slice_gaps import compute_gaps

FIGURES = {
    "confusion.png",
    "label_noise.png",
    "mistakes.png",
    "per_class.png",
    "reliability.png",
    "risk_coverage.png",
    "slices.png",
}
TABLES = {"confusion.csv", "confusions.csv", "label_noise.csv", "mistakes.csv", "slices.csv"}
MODEL = ModelFacts(model_type="resnet50", weights="random", temperature=2.0, threshold=0.7)


def with_images(split, folder):
    """The same predictions, of images that exist."""
    folder.mkdir()
    paths = [str(folder / f"{index}.png") for index in range(len(split.rows))]
    for path in paths:
        Image.new("RGB", (8, 8)).save(path)
    return Predictions(split.rows.assign(path=paths), split.logits, split.class_names)


@pytest.mark.slow
def test_all_tables_and_figures_are_written_beside_the_report(tmp_path, val, test):
    val, test = with_images(val, tmp_path / "val"), with_images(test, tmp_path / "test")
    report = write_outputs(tmp_path / "out", test, val, MODEL, 100)
    assert read_report(tmp_path / "out/report.json", EvaluationReport) == report
    assert {path.name for path in (tmp_path / "out/figures").iterdir()} == FIGURES
    assert {path.name for path in (tmp_path / "out/tables").iterdir()} == TABLES
    wrong = pd.read_csv(tmp_path / "out/tables/mistakes.csv")
    assert len(wrong) == (~test.correct).sum()
    assert report.answered.threshold == 0.7
    noise = pd.read_csv(tmp_path / "out/tables/label_noise.csv")
    assert set(noise["path"]) & set(val.rows["path"])  # images of both splits are candidates
    assert set(noise["path"]) & set(test.rows["path"])
    gap = compute_gaps(test)["skin_tone"].gap
    assert report.slices["skin_tone"].gap == pytest.approx(gap, abs=1e-6)


@pytest.mark.slow
def test_without_validation_the_report_is_of_the_test_split_alone(tmp_path, test):
    test = with_images(test, tmp_path / "test")
    report = write_outputs(tmp_path / "out", test, None, MODEL, 100)
    assert report.val is None
    assert report.test.rows == len(test.rows)


@pytest.mark.slow
def test_values_of_attributes_are_no_formulas_in_figures_and_tables(tmp_path, test):
    test = with_images(test, tmp_path / "test")
    tones = {"2": "$\\frac$", "6": "=1+1", "10": "幸福"}
    rows = test.rows.assign(**{"$x_": test.rows["skin_tone"].map(tones)})
    test = Predictions(rows.drop(columns="skin_tone"), test.logits, test.class_names)
    report = write_outputs(tmp_path / "out", test, None, MODEL, 100)
    assert "$x_" in report.slices
    assert {path.name for path in (tmp_path / "out/figures").iterdir()} >= {"slices.png"}
    table = (tmp_path / "out/tables/slices.csv").read_text()
    assert ",'=1+1," in table
    assert ",=1+1" not in table


NAMES = ["predicted", "confidence", "correct", "looks", "value", "attribute", "accuracy", "images"]


@pytest.mark.slow
def test_attributes_may_have_any_name_also_one_of_our_own_columns(tmp_path, test):
    test = with_images(test, tmp_path / "test")
    others = dict.fromkeys([*NAMES, "index", "level_0", "logit_sad"], test.rows["skin_tone"])
    named = Predictions(test.rows.assign(**others), test.logits, test.class_names)
    plain = write_outputs(tmp_path / "plain", test, None, MODEL, 100)
    report = write_outputs(tmp_path / "named", named, None, MODEL, 100)
    assert set(report.slices) == set(plain.slices) | set(others)
    assert report.test == plain.test
    for name in ("confusion.csv", "mistakes.csv", "confusions.csv"):
        tables = [
            (tmp_path / folder / "tables" / name).read_text() for folder in ("plain", "named")
        ]
        assert tables[0] == tables[1]
