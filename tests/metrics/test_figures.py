"""The panel of a confusion matrix shows the counts, and the shares of each row as color."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from emotion.metrics import figures
from tests.conftest import WARNINGS_ARE_ERRORS

COUNTS = np.array([[8, 2], [0, 0]])


def test_counts_are_text_and_shares_are_colors():
    axes = Figure().add_subplot()
    image = figures.draw_confusion(axes, COUNTS, ["happy", "sad"])
    assert [text.get_text() for text in axes.texts] == ["8", "2", "0", "0"]
    np.testing.assert_allclose(image.get_array(), [[0.8, 0.2], [0, 0]])
    assert image.get_clim() == (0, 1)


def test_equal_figures_are_saved_as_equal_bytes(tmp_path):
    for name in ("a.png", "b.png"):
        figure = Figure(figsize=(3, 2))
        axes = figure.add_subplot()
        figures.add_share_bar(figure, axes, figures.draw_confusion(axes, COUNTS, ["x", "y"]))
        figures.save(tmp_path / name, figure)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as image:
        assert image.width == pytest.approx(300, abs=1)


def test_a_long_name_is_cut_and_a_short_one_is_not():
    assert figures.show_name("x" * figures.NAME_LENGTH) == "x" * figures.NAME_LENGTH
    assert figures.show_name("x" * 25) == "x" * 23 + "…"


@WARNINGS_ARE_ERRORS  # matplotlib warns of characters that the font lacks
def test_class_names_are_drawn_as_they_are(tmp_path):
    figure = Figure()
    with figures.literal_text():
        axes = figure.add_subplot()
        figures.draw_confusion(axes, COUNTS, ["$\\frac$", "幸福"])
        figures.save(tmp_path / "a.png", figure)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["$\\frac$", r"\u5e78\u798f"]
