"""Figures: the color code, and equal bytes for equal maps."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from emotion.explanation.panels import ImageView, MapView, draw_panel, draw_sheet, overlay


@pytest.fixture
def view():
    y, x = np.mgrid[:48, :48] / 47
    evidence = np.zeros((48, 48), dtype=bool)
    evidence[30:40, 10:38] = True
    return ImageView(
        shown=np.stack([y, x, 1 - y], axis=2),
        evidence=evidence,
        name="0001.png",
        heading="predicted happy 0.71\ntrue sad",
        correct=False,
        maps=[
            MapView(title="Grad-CAM", map=y * x, caption="deletion 0.2, random 0.4"),
            MapView(
                title="SHAP",
                map=np.zeros((48, 48)),
                caption="deletion 0.4, random 0.4",
                passed=False,
            ),
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


def test_a_blank_map_shows_the_gray_image(view):
    result = overlay(view.shown, np.zeros((48, 48)))
    np.testing.assert_allclose(np.ptp(result, axis=2), 0, atol=1e-6)


@pytest.mark.slow
def test_equal_views_give_equal_bytes_without_a_version(view, tmp_path):
    for draw, content in ((draw_panel, view), (draw_sheet, [view, view])):
        draw(tmp_path / "a.png", content)
        draw(tmp_path / "b.png", content)
        assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
        assert b"atplotlib" not in (tmp_path / "a.png").read_bytes()


def test_a_sheet_has_one_row_per_image(view, tmp_path):
    draw_sheet(tmp_path / "one.png", [view])
    draw_sheet(tmp_path / "three.png", [view] * 3)
    heights = [Image.open(tmp_path / name).height for name in ("one.png", "three.png")]
    assert heights[1] > 2.4 * heights[0]


def test_a_panel_of_many_maps_has_several_rows(view, tmp_path):
    many = dataclasses.replace(view, maps=view.maps * 3)
    draw_panel(tmp_path / "two.png", view)
    draw_panel(tmp_path / "six.png", many)
    few, several = (Image.open(tmp_path / name) for name in ("two.png", "six.png"))
    assert several.height > 1.7 * few.height
    assert several.width < 1300  # fits a page at 100 %
