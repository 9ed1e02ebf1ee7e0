"""Draw the figure of the accuracy per attribute value."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from emotion.core.reports import SliceGap
from emotion.evaluation.predictions import SplitPredictions
from emotion.evaluation.slices import MIN_ROWS, NOT_SLICED
from emotion.metrics.figures import BLUE, GRAY, show_name

ROWS_PER_COLUMN = 40  # with the titles; more are drawn in two columns
TITLE = 3  # rows of space above the values of an attribute


def draw_slices(
    slices: pd.DataFrame, gaps: Mapping[str, SliceGap], predictions: SplitPredictions
) -> Figure:
    """Accuracy of each attribute value with its 95 % interval, one panel per attribute.

    Values that are not scored are gray, without a point. The title of a panel has the largest gap
    and its adjusted p-value, or the reason why there is none.

    Args:
        slices: from `score_slices`, with at least one row.
        gaps: from `compute_gaps`.
        predictions: of the same split.
    """
    parts = [part for _, part in slices.groupby("attribute", sort=False)]
    columns = _split_columns(parts)
    heights = [[len(part) + TITLE for part in column] for column in columns]
    tallest = max(map(sum, heights))
    size = (6.4 if len(columns) == 1 else 9.6, 1.1 + 0.22 * tallest)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(
        "Accuracy per attribute value (images), 95 % interval\n"
        f"dashed: all images; gray: fewer than {MIN_ROWS} images, not scored",
        fontsize=10,
        multialignment="left",
    )
    for place, column, height in zip(
        figure.subfigures(1, len(columns), squeeze=False)[0], columns, heights, strict=True
    ):
        # An empty last panel fills the shorter column, so that rows have the same height.
        grid = place.subplots(
            len(column) + 1, 1, height_ratios=[*height, tallest - sum(height) + 0.01], squeeze=False
        )[:, 0]
        grid[-1].set_axis_off()
        for axes, part in zip(grid, column, strict=False):
            _draw_panel(axes, part, gaps.get(part["attribute"].iloc[0]))
            axes.axvline(predictions.correct.mean(), color=GRAY, lw=1, ls="--", zorder=1)
    return figure


def _split_columns(parts: list[pd.DataFrame]) -> list[list[pd.DataFrame]]:
    """The panels of one or two columns of similar height."""
    ends = np.cumsum([len(part) + TITLE for part in parts])
    if ends[-1] <= ROWS_PER_COLUMN or len(parts) == 1:
        return [parts]
    first = 1 + int(np.argmin(np.maximum(ends[:-1], ends[-1] - ends[:-1])))
    return [parts[:first], parts[first:]]


def _draw_panel(axes: Axes, part: pd.DataFrame, gap: SliceGap | None) -> None:
    attribute = show_name(part["attribute"].iloc[0].replace("_", " "))
    positions = np.arange(len(part))
    axes.hlines(positions, part["accuracy_low"], part["accuracy_high"], color=BLUE, lw=2)
    axes.plot(part["accuracy"], positions, "o", color=BLUE, ms=5)
    names = zip(part["value"], part["rows"], strict=True)
    axes.set_yticks(positions, [f"{show_name(value)} ({rows:,})" for value, rows in names])
    for label, accuracy in zip(axes.get_yticklabels(), part["accuracy"], strict=True):
        label.set_color(GRAY if np.isnan(accuracy) else "black")
    axes.set_title(f"{attribute}\n{_finding(part, gap)}", fontsize=10)
    axes.set(ylim=(len(part) - 0.4, -0.6), xlim=(0, 1))
    axes.xaxis.set_major_formatter(PercentFormatter(1))


def _finding(part: pd.DataFrame, gap: SliceGap | None) -> str:
    if gap:
        return f"gap {gap.gap:.2f}, adjusted p = {gap.p_adjusted:.2g}"
    note = str(part["note"].iloc[0])
    return note if note.startswith(NOT_SLICED) else "fewer than two values to compare"
