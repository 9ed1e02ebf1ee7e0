"""Figures: the color code, and equal bytes for equal maps."""

from dataclasses import replace

import numpy as np
import pytest

from emotion.explanation.panels import LabeledMap, Panel, draw_panel, draw_sheet, overlay


@pytest.fixture
def panel():
    y, x = np.mgrid[:48, :48] / 47
    return Panel(
        shown=np.stack([y, x, 1 - y], axis=2),
        evidence=y > 0.5,
        name="0001.png",
        heading="predicted happy 0.71\ntrue sad",
        correct=False,
        maps=[
            LabeledMap(title="Grad-CAM", map=y * x, caption="deletion 0.2, random 0.4"),
            LabeledMap(title="SHAP", map=np.zeros((48, 48)), passed=False),
        ],
    )


def test_red_is_positive_blue_is_negative_and_zero_is_the_gray_image():
    values = np.zeros((60, 60))
    values[20:40, :25], values[20:40, 35:] = 1, -1
    shown = np.random.default_rng(0).random((60, 60, 3))
    result = overlay(shown, values)
    assert result[30, 10, 0] > result[30, 10, 2] + 0.2
    assert result[30, 50, 2] > result[30, 50, 0] + 0.2
    np.testing.assert_allclose(np.ptp(result[2], axis=1), 0, atol=1e-6)
    assert result.min() >= 0
    assert result.max() <= 1


def test_rounding_errors_of_an_image_are_not_reported(panel, tmp_path, caplog):
    draw_panel(tmp_path / "a.png", replace(panel, shown=np.full((48, 48, 3), 1 + 1e-7)))
    assert not caplog.messages


def test_a_blank_map_shows_the_gray_image(panel):
    result = overlay(panel.shown, np.zeros((48, 48)))
    np.testing.assert_allclose(np.ptp(result, axis=2), 0, atol=1e-6)


@pytest.mark.slow
def test_equal_panels_give_equal_bytes_without_a_version(panel, tmp_path):
    for draw, content in ((draw_panel, panel), (draw_sheet, [panel, panel])):
        draw(tmp_path / "a.png", content)
        draw(tmp_path / "b.png", content)
        assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
        assert b"atplotlib" not in (tmp_path / "a.png").read_bytes()
