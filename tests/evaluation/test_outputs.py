"""A report is written whole: the numbers, every table and every figure."""

import pandas as pd
import pytest

from emotion.core.reports import EvaluationReport, read_report
from emotion.evaluation.outputs import write_outputs
from emotion.evaluation.predictions import SplitPredictions
from emotion.evaluation.report import ModelFacts
from emotion.evaluation.slice_gaps import compute_gaps
from tests.evaluation.test_figures import FIGURES

TABLES = {"confusion.csv", "confusions.csv", "label_noise.csv", "mistakes.csv", "slices.csv"}
MODEL = ModelFacts(model_type="resnet50", weights="random", temperature=2.0, threshold=0.7)


def with_columns(predictions, **columns):
    """The same predictions; their images do not exist, so they are gray in the figures."""
    rows = predictions.rows.assign(**columns)
    return SplitPredictions(rows, predictions.logits, predictions.class_names)


@pytest.mark.slow
def test_all_tables_and_figures_are_written_with_the_report(tmp_path, val, test):
    val = with_columns(val, split="val")
    report = write_outputs(tmp_path / "out", test, val, MODEL, 100)
    assert read_report(tmp_path / "out/report.json", EvaluationReport) == report
    figures = {path.name for path in (tmp_path / "out/figures").iterdir()}
    assert figures == FIGURES | {"label_noise.png", "mistakes.png"}
    assert {path.name for path in (tmp_path / "out/tables").iterdir()} == TABLES
    wrong = pd.read_csv(tmp_path / "out/tables/mistakes.csv")
    assert len(wrong) == (~test.correct).sum()
    assert report.answered.threshold == 0.7
    noise = pd.read_csv(tmp_path / "out/tables/label_noise.csv")
    assert set(noise["split"]) == {"val", "test"}
    gap = compute_gaps(test)["skin_tone"].gap
    assert report.slices["skin_tone"].gap == pytest.approx(gap, abs=1e-6)


@pytest.mark.slow
def test_without_validation_the_report_is_of_the_test_split_alone(tmp_path, test):
    report = write_outputs(tmp_path / "out", test, None, MODEL, 100)
    assert report.val is None
    assert report.test.rows == len(test.rows)


@pytest.mark.slow
def test_values_of_attributes_are_no_formulas_in_figures_and_tables(tmp_path, test):
    tones = {"2": "$\\frac$", "6": "=1+1", "10": "幸福"}
    test = with_columns(test, **{"$x_": test.rows["skin_tone"].map(tones)})
    report = write_outputs(tmp_path / "out", test, None, MODEL, 100)
    assert "$x_" in report.slices
    assert (tmp_path / "out/figures/slices.png").is_file()
    table = (tmp_path / "out/tables/slices.csv").read_text()
    assert ",'=1+1," in table
    assert ",=1+1" not in table


NAMES = ["predicted", "confidence", "correct", "looks", "value", "attribute", "accuracy", "images"]


@pytest.mark.slow
def test_attributes_may_have_any_name_also_one_of_our_own_columns(tmp_path, test):
    others = dict.fromkeys([*NAMES, "index", "level_0", "logit_sad"], test.rows["skin_tone"])
    plain = write_outputs(tmp_path / "plain", test, None, MODEL, 100)
    report = write_outputs(tmp_path / "named", with_columns(test, **others), None, MODEL, 100)
    assert set(report.slices) == set(plain.slices) | set(others)
    assert report.test == plain.test
    for name in ("confusion.csv", "mistakes.csv", "confusions.csv"):
        tables = [
            (tmp_path / folder / "tables" / name).read_text() for folder in ("plain", "named")
        ]
        assert tables[0] == tables[1]
