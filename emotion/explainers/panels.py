"""Figures of the attribution maps: one panel per probe image, and an overview of all of them.

All methods share one color code: red supports the predicted class, blue contradicts it, and where
a map is near 0 the gray image is visible.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from emotion.core import files
from emotion.figures import literal_text, show_name

_CELL = 2.3  # inches
_DPI = 110
_FOR, _AGAINST = to_rgb("#b2001d"), to_rgb("#1450a8")
_CORRECT, _WRONG = "#1a7f37", "#c62828"
_EVIDENCE = "#00a572"


@dataclass(frozen=True, kw_only=True)
class MapView:
    """One method's map of one image."""

    title: str
    map: np.ndarray  # (H, W) in -1..1
    caption: str  # its metrics


@dataclass(frozen=True, kw_only=True)
class ImageView:
    """One row of a figure."""

    shown: np.ndarray  # (H, W, 3), RGB in 0..1
    evidence: np.ndarray  # bool (H, W)
    name: str
    label: str
    predicted: str
    confidence: float
    maps: Sequence[MapView]


@literal_text()
def draw_panel(path: Path, view: ImageView) -> None:
    """Draw one image next to its maps, with the metrics of each map below it."""
    columns = 1 + len(view.maps)
    figure = Figure(figsize=(_CELL * columns, _CELL + 1.05), layout="constrained")
    axes = figure.subplots(1, columns, squeeze=False)[0]
    _draw_row(axes, view)
    axes[0].set_title("image", fontsize=10)
    axes[0].set_xlabel(_legend(view), fontsize=8)
    for axis, item in zip(axes[1:], view.maps, strict=True):
        axis.set_title(item.title, fontsize=10)
        axis.set_xlabel(item.caption, fontsize=8)
    figure.suptitle(_verdict(view, " · "), fontsize=12, color=_color(view), weight="bold")
    _save(figure, path)


@literal_text()
def draw_overview(path: Path, views: Sequence[ImageView]) -> None:
    """Draw all probe images in one figure, one row per image."""
    columns = 1 + len(views[0].maps)
    figure = Figure(figsize=(_CELL * columns + 1.2, _CELL * len(views) + 0.3), layout="constrained")
    grid = figure.subplots(len(views), columns, squeeze=False)
    for axes, view in zip(grid, views, strict=True):
        _draw_row(axes, view)
        axes[0].set_ylabel(_verdict(view, "\n"), fontsize=10, color=_color(view), weight="bold")
    for axis, title in zip(grid[0], ["image", *(m.title for m in views[0].maps)], strict=True):
        axis.set_title(title, fontsize=11)
    _save(figure, path)


def overlay(shown: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Blend a map (H, W) over the gray of an image (H, W, 3) in 0..1; the result is RGB in 0..1.

    For display only: maps are smoothed slightly, and the 0.5 % most extreme pixels saturate.
    """
    sigma = max(values.shape) / 56
    values = cv2.GaussianBlur(values.astype(np.float32), (0, 0), sigma)
    peak = np.quantile(np.abs(values), 0.995)
    values = np.clip(values / peak, -1, 1) if peak > 0 else values
    gray = np.repeat(shown.mean(axis=2, keepdims=True), 3, axis=2) * 0.7 + 0.3
    color = np.where(values[..., None] > 0, _FOR, _AGAINST)
    strength = np.abs(values)[..., None] ** 1.3 * 0.85
    return gray * (1 - strength) + color * strength


def _draw_row(axes: Sequence[Axes], view: ImageView) -> None:
    images = [view.shown, *(overlay(view.shown, item.map) for item in view.maps)]
    for axis, image in zip(axes, images, strict=True):
        axis.imshow(image, interpolation="nearest")
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
        if view.evidence.any():
            axis.contour(view.evidence, levels=[0.5], colors=_EVIDENCE, linewidths=0.9)
    for axis, item in zip(axes[1:], view.maps, strict=True):
        if not item.map.any():
            axis.text(0.5, 0.04, "blank", transform=axis.transAxes, ha="center", fontsize=10)


def _verdict(view: ImageView, separator: str) -> str:
    mark = "✓" if view.predicted == view.label else "✗"
    predicted, label = show_name(view.predicted), show_name(view.label)
    return f"{mark} predicted {predicted} {view.confidence:.2f}{separator}true {label}"


def _color(view: ImageView) -> str:
    return _CORRECT if view.predicted == view.label else _WRONG


def _legend(view: ImageView) -> str:
    return f"{view.name}\ngreen line: drawn evidence" if view.evidence.any() else view.name


def _save(figure: Figure, path: Path) -> None:
    with files.replacing(path) as temporary:
        # Without the version of matplotlib, equal images are equal bytes.
        figure.savefig(temporary, dpi=_DPI, metadata={"Software": None})
