"""The figure shows every slice of the table, whatever its name."""

import matplotlib
import numpy as np
import pytest

from emotion.evaluation.predictions import SplitPredictions
from emotion.evaluation.slice_figure import draw_slices
from emotion.evaluation.slice_gaps import compute_gaps
from emotion.evaluation.slices import score_slices
from emotion.metrics.figures import NAME_LENGTH, STYLE
from tests.conftest import WARNINGS_ARE_ERRORS


def draw(test, **attributes):
    """The figure of these attributes, the table, and the panels by attribute."""
    rows = test.rows.drop(columns="skin_tone").assign(**attributes)
    predictions = SplitPredictions(rows, test.logits, test.class_names)
    table = score_slices(predictions, 100)
    with matplotlib.rc_context(STYLE):
        figure = draw_slices(table, compute_gaps(predictions, 199), predictions)
        figure.draw_without_rendering()  # lays out the panels
    panels = [axes for axes in figure.axes if axes.axison]
    return figure, table, dict(zip(table["attribute"].unique(), panels, strict=True))


def labels_of(axes):
    return [label.get_text() for label in axes.get_yticklabels()]


def title_of(axes):
    return axes.get_title(loc="left")


def test_every_value_is_shown_with_its_images_accuracy_and_interval(test):
    values = np.array(["a"] * 100 + ["few"] * 10 + ["z"] * 130)
    _, table, panels = draw(test, skin_tone=values)
    axes = panels["skin_tone"]
    assert labels_of(axes) == ["a (100)", "few (10)", "z (130)"]
    points = axes.lines[0].get_xdata()
    np.testing.assert_allclose(points, table["accuracy"])
    assert np.isnan(points).tolist() == [False, True, False]
    ends = [path[:, 0].tolist() for path in axes.collections[0].get_segments() if len(path)]
    scored = table.dropna(subset="accuracy")
    expected = scored[["accuracy_low", "accuracy_high"]].to_numpy()
    np.testing.assert_allclose([x for x in ends if not np.isnan(x).any()], expected)
    assert axes.lines[1].get_xdata() == pytest.approx([test.correct.mean()] * 2)


def test_the_title_of_a_panel_has_the_gap_and_its_p_value(test):
    values = np.array(["low", "high"])[test.correct.astype(int)]
    names = [f"photographer {i}" for i in range(240)]
    _, _, panels = draw(test, skin_tone=values, photographer=names, beard="none")
    name, finding = title_of(panels["skin_tone"]).splitlines()
    assert name == "skin tone"
    assert {"1.00,", "0.005"} < set(finding.split())
    assert "240" in title_of(panels["photographer"]).split()
    assert title_of(panels["beard"]).startswith("beard\n")


@pytest.mark.slow
@pytest.mark.parametrize(("attributes", "width"), [(1, 6.4), (3, 9.6)])
def test_nothing_is_outside_the_figure_and_no_panels_overlap(test, attributes, width):
    random = np.random.default_rng(0)
    names = np.array([f"{i} long name of a value of many words" for i in range(12)])
    columns = {
        f"attribute {i} of a long name": random.choice(names, 240) for i in range(attributes)
    }
    columns["photographer of the image"] = [f"name {i}" for i in range(240)]
    figure, _, panels = draw(test, **columns)
    assert figure.get_figwidth() == width
    boxes = [axes.get_tightbbox() for axes in panels.values()]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1
    heights = [axes.bbox.height for axes in panels.values() if len(labels_of(axes)) == 12]
    assert max(heights) < 1.2 * min(heights)


@WARNINGS_ARE_ERRORS
def test_names_of_any_characters_are_drawn_without_a_warning(test):
    names = ["$5_x^2$ and $", "女性", "Ελληνικά", "back\\slash_{2}", "line\nbreak", "x" * 99, ""]
    _, _, panels = draw(test, **{"$price_per$": np.resize(names, 240)})
    (axes,) = panels.values()
    labels = labels_of(axes)
    assert title_of(axes).startswith("$price per$")
    assert "$5_x^2$ and $ (35)" in labels
    assert "Ελληνικά (34)" in labels
    assert r"\u5973\u6027 (35)" in labels
    assert "(missing) (34)" in labels
    assert max(map(len, labels)) <= NAME_LENGTH + len(" (35)")
