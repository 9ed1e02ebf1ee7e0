"""Draw the figures of a report: confusion, reliability, risk and coverage, classes, slices.

Colors and style are those of `emotion.metrics.figures`.
"""

from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from emotion.core import files
from emotion.core.reports import SliceGap
from emotion.evaluation.predictions import SplitPredictions
from emotion.evaluation.slice_figure import draw_slices
from emotion.metrics import figures, scores
from emotion.metrics.figures import BLUE, GRAY, GREEN, ORANGE, PALE_BLUE

FEW = 10  # images; a bin with fewer is drawn pale


def draw_figures(
    folder: Path,
    predictions: SplitPredictions,
    temperature: float,
    slices: pd.DataFrame,
    gaps: dict[str, SliceGap],
) -> None:
    """Write the figures of one split.

    Args:
        folder: receives the PNG files.
        predictions: of that split.
        temperature: from `calibrate`.
        slices: from `score_slices`; without rows, slices.png is not drawn.
        gaps: from `compute_gaps`.
    """
    with matplotlib.rc_context(figures.STYLE):
        figures.save(folder / "confusion.png", draw_confusion(predictions))
        figures.save(folder / "reliability.png", draw_reliability(predictions, temperature))
        figures.save(folder / "risk_coverage.png", draw_risk_coverage(predictions, temperature))
        figures.save(folder / "per_class.png", draw_per_class(predictions))
        if len(slices):
            figures.save(folder / "slices.png", draw_slices(slices, gaps, predictions))


def write_confusion_table(path: Path, predictions: SplitPredictions) -> None:
    """Write the columns actual and predicted, one row per image.

    The confusion template of `dvc plots` counts them, for several experiments side by side.
    """
    pairs = {"actual": predictions.rows["label"], "predicted": predictions.predicted_names}
    files.write_csv(path, pd.DataFrame(pairs))


def draw_confusion(predictions: SplitPredictions) -> Figure:
    """The confusion matrix of one split."""
    names = predictions.class_names
    counts = scores.confusion_matrix(predictions.labels, predictions.predicted, len(names))
    side = 2.4 + 0.55 * len(names)
    figure = Figure(figsize=(side + 0.8, side), layout="constrained")
    axes = figure.add_subplot()
    image = figures.draw_confusion(axes, counts, names)
    axes.set_title("Confusion matrix (images)")
    figures.add_share_bar(figure, axes, image)
    return figure


def draw_reliability(predictions: SplitPredictions, temperature: float) -> Figure:
    """Accuracy against confidence, before and after calibration, above the number of images.

    At temperature 1 both are the same, so there is one panel. Bins of fewer than FEW images are
    pale, because their accuracy is mostly chance.
    """
    panels = [("uncalibrated", 1.0)]
    if temperature != 1:
        panels.append((f"temperature {temperature:.2f}", temperature))
    figure = Figure(figsize=(1.2 + 3.6 * max(len(panels), 1.5), 4.8), layout="constrained")
    grid = figure.subplots(
        2, len(panels), sharex=True, sharey="row", height_ratios=(3, 1), squeeze=False
    )
    for (above, below), (name, divisor) in zip(grid.T, panels, strict=True):
        bins = scores.reliability_bins(predictions.confidence(divisor), predictions.correct)
        width = bins.upper[0]
        center = bins.upper - width / 2
        colors = np.where(bins.count < FEW, PALE_BLUE, BLUE)
        above.bar(center, bins.accuracy, 0.92 * width, color=colors)
        above.plot([0, 1], [0, 1], "--", lw=1.2, color="black")
        above.set(title=f"{name}: ECE {scores.ece(bins):.3f}", xlim=(0, 1), ylim=(0, 1.02))
        below.bar(center, bins.count, 0.92 * width, color=GRAY)
        below.set(xlabel="confidence of the predicted class")
        below.xaxis.set_major_formatter(PercentFormatter(1))
    grid[0, 0].set_ylabel("accuracy")
    grid[0, 0].yaxis.set_major_formatter(PercentFormatter(1))
    grid[1, 0].set_ylabel("images")
    handles = [
        Patch(color=BLUE, label="accuracy of the bin"),
        Patch(color=PALE_BLUE, label=f"fewer than {FEW} images"),
        Line2D([], [], color="black", ls="--", lw=1.2, label="perfectly calibrated"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


def draw_risk_coverage(predictions: SplitPredictions, temperature: float) -> Figure:
    """Error rate against coverage if the least confident predictions are rejected."""
    confidence, correct = predictions.confidence(temperature), predictions.correct
    coverage, risk = scores.risk_coverage(confidence, correct)
    best = scores.risk_coverage(correct.astype(float), correct)[1]
    figure = Figure(figsize=(5.6, 3.8), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(coverage, risk, color=BLUE, lw=2, label="reject the least confident")
    axes.plot(coverage, best, color=GREEN, lw=1.5, ls=":", label="reject the errors first (ideal)")
    axes.axhline(risk[-1], color=GRAY, lw=1, ls="--", label="reject at random")
    area = scores.aurc(confidence, correct)
    axes.set(xlabel="coverage (accepted images)", ylabel="error rate of the accepted", xlim=(0, 1))
    axes.set(title=f"Risk and coverage: AURC {area:.3f}", ylim=(0, max(1.05 * risk.max(), 0.01)))
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.legend(loc="best")
    return figure


def draw_per_class(predictions: SplitPredictions) -> Figure:
    """Precision, recall and F1 of each class; the number of images is next to its name."""
    names = predictions.class_names
    per_class = scores.per_class(predictions.labels, predictions.predicted, len(names))
    figure = Figure(figsize=(6.4, 1.4 + 0.42 * len(names)), layout="constrained")
    axes = figure.add_subplot()
    positions = np.arange(len(names))
    styles = {"precision": (BLUE, ">"), "recall": (ORANGE, "<"), "F1": ("black", "o")}
    for label, (color, marker) in styles.items():
        values = per_class[label.lower()]
        axes.plot(values, positions, marker, ms=7, color=color, label=label, clip_on=False)
    shown = map(figures.show_name, names)
    labels = [f"{name} ({rows})" for name, rows in zip(shown, per_class["support"], strict=True)]
    axes.set_yticks(positions, labels)
    axes.set(xlim=(0, 1), ylim=(len(names) - 0.5, -0.5), title="Scores per class (images)")
    figure.legend(loc="outside lower center", ncols=3)
    return figure
