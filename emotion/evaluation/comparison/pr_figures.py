"""Draw the two figures of a pull-request report: learning curves and confusion, side by side.

Colors and style are those of `emotion.metrics.figures`.
"""

from itertools import cycle
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from emotion.data.labels import class_indices
from emotion.evaluation.comparison.learning_curves import Curve
from emotion.evaluation.comparison.predictions import RevisionPredictions
from emotion.metrics import figures, scores


def write_curves(path: Path, runs: dict[str, list[Curve] | None]) -> None:
    """Write `draw_curves` as PNG."""
    with matplotlib.rc_context(figures.STYLE):
        figures.save(path, draw_curves(runs))


def write_confusions(path: Path, runs: dict[str, RevisionPredictions | None]) -> None:
    """Write `draw_confusions` as PNG."""
    with matplotlib.rc_context(figures.STYLE):
        figures.save(path, draw_confusions(runs))


def draw_curves(runs: dict[str, list[Curve] | None]) -> Figure:
    """One row per plot and one column per run; all panels of a row have the same y axis.

    Args:
        runs: name of each revision and its curves, None if they cannot be read; at least one
            has some.
    """
    titles = list(dict.fromkeys(curve.title for curves in runs.values() for curve in curves or []))
    figure = Figure(figsize=(4.2 * len(runs), 0.4 + 2.3 * len(titles)), layout="constrained")
    grid = figure.subplots(len(titles), len(runs), sharex=True, sharey="row", squeeze=False)
    for column, (name, curves) in enumerate(runs.items()):
        found = {curve.title: curve for curve in curves or []}
        for axes, title in zip(grid[:, column], titles, strict=True):
            axes.set_title(f"{title}: {name}")
            if title in found:
                _draw_curve(axes, found[title])
            else:
                _mark_missing(axes)
    for axes in grid[-1]:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("epoch")
    return figure


def draw_confusions(runs: dict[str, RevisionPredictions | None]) -> Figure:
    """One confusion matrix per run: counts as text, the fraction of the row as color.

    Args:
        runs: name of each revision and its predictions, None if they cannot be read; at least
            one has some.
    """
    classes = max(len(run.class_names) for run in runs.values() if run is not None)
    side = 1.7 + 0.5 * classes
    figure = Figure(figsize=(side * len(runs) + 0.8, side), layout="constrained")
    grid = figure.subplots(1, len(runs), squeeze=False)[0]
    for axes, (name, run) in zip(grid, runs.items(), strict=True):
        axes.set_title(f"Confusion: {name}")
        if run is None:
            _mark_missing(axes)
        else:
            image = _draw_confusion(axes, run)
    figures.add_share_bar(figure, grid, image)
    return figure


def _draw_curve(axes: Axes, curve: Curve) -> None:
    for (name, values), color in zip(curve.values.items(), cycle(figures.COLORS)):
        # A marker shows the only point of a run of one epoch.
        axes.plot(values.index, values, color=color, lw=1.6, marker=".", label=str(name))
    axes.set_ylabel(curve.y_label)
    axes.tick_params(labelleft=True)  # the first column, which would have them, may be missing
    axes.legend(loc="best", fontsize="small")


def _draw_confusion(axes: Axes, run: RevisionPredictions) -> AxesImage:
    names = run.class_names
    labels, predicted = (class_indices(run.rows[name], names) for name in ("label", "predicted"))
    counts = scores.confusion_matrix(labels, predicted, len(names))
    return figures.draw_confusion(axes, counts, names)


def _mark_missing(axes: Axes) -> None:
    axes.set_axis_off()  # keeps the title
    axes.text(0.5, 0.5, "not available", transform=axes.transAxes, ha="center", va="center")
