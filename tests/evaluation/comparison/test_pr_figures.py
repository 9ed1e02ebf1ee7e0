"""The figures of a report show both revisions on the same scale, and mark what is missing."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.metrics import confusion_matrix

from emotion.evaluation.comparison.learning_curves import Curve
from emotion.evaluation.comparison.pr_figures import (
    draw_confusions,
    draw_curves,
    write_confusions,
    write_curves,
)
from emotion.evaluation.comparison.predictions import RevisionPredictions

CLASSES = ["sad", "angry", "happy"]  # in label-map order, which need not be sorted


def make_curves(start, epochs):
    steps = pd.RangeIndex(1, epochs + 1)
    loss = pd.DataFrame({"train_loss": start / steps, "val_loss": 1.1 * start / steps}, index=steps)
    scores = pd.DataFrame({"val_acc": 1 - 0.5 / steps}, index=steps)
    return [Curve("Loss", "loss", loss), Curve("Scores", "share", scores)]


def make_predictions(seed):
    rng = np.random.default_rng(seed)
    columns = {name: rng.choice(CLASSES, 60) for name in ("label", "predicted")}
    return RevisionPredictions("workspace", pd.DataFrame(columns), CLASSES)


def panels(figure):
    """The axes with a title, by title."""
    return {axes.get_title(): axes for axes in figure.axes if axes.get_title()}


def counts_of(axes):
    return [text.get_text() for text in axes.texts]


def test_every_curve_of_both_is_drawn_on_the_same_scale():
    runs = {"main": make_curves(2.0, 3), "this branch": make_curves(1.0, 5)}
    found = panels(draw_curves(runs))
    assert len(found) == 4
    for name, curves in runs.items():
        for curve in curves:
            lines = found[f"{curve.title}: {name}"].get_lines()
            assert [line.get_label() for line in lines] == list(curve.values.columns)
            for line in lines:
                values = curve.values[line.get_label()]
                np.testing.assert_array_equal(line.get_xydata(), list(values.items()))
    for title in ("Loss", "Scores"):
        left, right = (found[f"{title}: {name}"] for name in runs)
        assert (left.get_xlim(), left.get_ylim()) == (right.get_xlim(), right.get_ylim())


def test_the_counts_of_both_are_in_label_map_order():
    runs = {"main": make_predictions(0), "this branch": make_predictions(1)}
    found = panels(draw_confusions(runs))
    for name, run in runs.items():
        axes = found[f"Confusion: {name}"]
        expected = confusion_matrix(run.rows["label"], run.rows["predicted"], labels=CLASSES)
        assert counts_of(axes) == [str(count) for count in expected.ravel()]
        assert axes.images[0].get_clim() == (0, 1)


def test_what_only_one_run_has_is_an_empty_panel_of_the_other():
    both = make_curves(1.0, 2)
    curves = panels(draw_curves({"main": both[:1], "this branch": both}))
    confusions = panels(draw_confusions({"main": None, "this branch": make_predictions(0)}))
    nothing = panels(draw_curves({"main": None, "this branch": both}))
    assert curves["Loss: main"].get_lines()
    for axes in (curves["Scores: main"], confusions["Confusion: main"], nothing["Loss: main"]):
        assert not axes.axison
        assert not [*axes.get_lines(), *axes.images]
        assert axes.texts


@pytest.mark.slow
def test_equal_results_give_equal_bytes(tmp_path):
    for name in ("first.png", "second.png"):
        write_curves(tmp_path / f"curves_{name}", {"main": make_curves(1.0, 3)})
        write_confusions(tmp_path / f"confusion_{name}", {"main": make_predictions(0)})
    for kind in ("curves", "confusion"):
        first, second = (tmp_path / f"{kind}_{name}.png" for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()
        Image.open(first).verify()
