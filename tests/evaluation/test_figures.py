"""All figures are drawn, are reproducible byte for byte, and handle degenerate predictions."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emotion.evaluation.figures import draw_figures, draw_reliability, write_confusion_table
from emotion.evaluation.predictions import SplitPredictions
from emotion.evaluation.slice_gaps import compute_gaps
from emotion.evaluation.slices import score_slices
from tests.conftest import WARNINGS_ARE_ERRORS
from tests.evaluation.conftest import make_predictions

FIGURES = {
    f"{name}.png" for name in ("confusion", "per_class", "reliability", "risk_coverage", "slices")
}


def draw_all(folder, predictions, temperature):
    slices = score_slices(predictions, 100)
    draw_figures(folder, predictions, temperature, slices, compute_gaps(predictions))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory, test):
    folder = tmp_path_factory.mktemp("figures")
    draw_all(folder, test, 2.0)
    return folder


def test_every_figure_is_a_readable_image_that_fits_a_readme(drawn):
    assert {path.name for path in drawn.iterdir()} == FIGURES
    for name in FIGURES:
        with Image.open(drawn / name) as image:
            assert 700 <= image.width <= 1400
            assert np.asarray(image.convert("L")).std() > 10


@pytest.mark.slow
def test_figures_are_reproducible_byte_for_byte(drawn, tmp_path, test):
    draw_all(tmp_path, test, 2.0)
    for path in drawn.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


def test_confusion_table_has_one_row_per_image(tmp_path, test):
    write_confusion_table(tmp_path / "confusion.csv", test)
    table = pd.read_csv(tmp_path / "confusion.csv")
    assert list(table.columns) == ["actual", "predicted"]
    assert len(table) == len(test.rows)
    accuracy = (table["actual"] == table["predicted"]).mean()
    assert accuracy == pytest.approx(test.correct.mean())


def test_reliability_is_shown_once_if_the_temperature_changes_nothing(test):
    for temperature, panels in ((2.0, 2), (1.0, 1)):
        titles = [axes.get_title() for axes in draw_reliability(test, temperature).axes]
        assert len(list(filter(None, titles))) == panels


@pytest.mark.slow
@WARNINGS_ARE_ERRORS
def test_a_single_correct_prediction_is_drawn_without_a_warning(tmp_path):
    small = make_predictions(seed=3, n=1)
    perfect = np.eye(4)[small.labels] * 9
    draw_all(tmp_path, SplitPredictions(small.rows, perfect, small.class_names), 0.05)
    assert len(list(tmp_path.glob("*.png"))) == 5
