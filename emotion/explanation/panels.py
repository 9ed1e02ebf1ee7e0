"""Figures of attribution maps: one panel per image, and sheets of several images.

All methods share one color scale: red supports the class, blue contradicts it, and where a map is
near 0 the gray image is visible. Methods that did not pass are drawn last, with a gray title.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb
from matplotlib.figure import Figure

from emotion.core import files
from emotion.figures import literal_text

_CELL = 2.3  # inches
_COLUMNS = 4  # of a panel
_DPI = 110
_FOR, _AGAINST, _ZERO = to_rgb("#b2001d"), to_rgb("#1450a8"), (0.8, 0.8, 0.8)
_SCALE = LinearSegmentedColormap.from_list("attribution", [_AGAINST, _ZERO, _FOR])
_CORRECT, _WRONG, _NEUTRAL = "#1a7f37", "#c62828", "#222222"
_FAILED = "#8a8a8a"
_EVIDENCE = "#00a572"


@dataclass(frozen=True, kw_only=True)
class MapView:
    """One map of an image."""

    title: str
    map: np.ndarray  # (H, W) in -1..1
    caption: str = ""  # its scores
    passed: bool = True  # whether its method did


@dataclass(frozen=True, kw_only=True)
class ImageView:
    """One image with its maps: a panel, or a row of a sheet."""

    shown: np.ndarray  # (H, W, 3), RGB in 0..1
    evidence: np.ndarray  # bool (H, W)
    heading: str  # its classes; lines are separated by line breaks
    correct: bool | None = None  # sets the color of the heading
    name: str = ""  # of its file
    maps: Sequence[MapView]


@literal_text()
def draw_panel(path: Path, view: ImageView) -> None:
    """Draw one image next to its maps, with the scores of each map below it."""
    cells = 1 + len(view.maps)
    columns = min(cells, _COLUMNS)
    rows = math.ceil(cells / columns)
    size = (_CELL * columns + 0.9, (_CELL + 0.75) * rows + 0.4)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    _draw_cells(axes, view)
    axes[0].set_title("image", fontsize=10)
    axes[0].set_xlabel(_legend(view), fontsize=8)
    for axis, item in zip(axes[1:], view.maps, strict=False):
        _set_title(axis, item, 10)
        axis.set_xlabel(item.caption, fontsize=8)
    for axis in axes[cells:]:
        axis.axis("off")
    heading = view.heading.replace("\n", " · ")
    figure.suptitle(heading, fontsize=12, color=_color(view), weight="bold")
    _add_scale(figure, axes)
    _save(figure, path)


@literal_text()
def draw_sheet(path: Path, views: Sequence[ImageView]) -> None:
    """Draw several images with equal methods in one figure, one row per image."""
    columns = 1 + len(views[0].maps)
    size = (_CELL * columns + 1.9, _CELL * len(views) + 0.4)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(len(views), columns, squeeze=False)
    for axes, view in zip(grid, views, strict=True):
        _draw_cells(axes, view)
        axes[0].set_ylabel(view.heading, fontsize=10, color=_color(view), weight="bold")
        for axis, item in zip(axes[1:], view.maps, strict=True):
            axis.set_xlabel(item.caption, fontsize=8)
    grid[0][0].set_title("image", fontsize=11)
    for axis, item in zip(grid[0][1:], views[0].maps, strict=True):
        _set_title(axis, item, 11)
    _add_scale(figure, grid)
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


def _draw_cells(axes: np.ndarray, view: ImageView) -> None:
    images = [view.shown, *(overlay(view.shown, item.map) for item in view.maps)]
    for axis, image in zip(axes, images, strict=False):
        axis.imshow(image, interpolation="nearest")
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
        if view.evidence.any():
            axis.contour(view.evidence, levels=[0.5], colors=_EVIDENCE, linewidths=0.9)
    for axis, item in zip(axes[1:], view.maps, strict=False):
        if not item.map.any():
            axis.text(0.5, 0.04, "blank", transform=axis.transAxes, ha="center", fontsize=10)


def _set_title(axis: Axes, item: MapView, size: int) -> None:
    axis.set_title(item.title, fontsize=size, color=_NEUTRAL if item.passed else _FAILED)


def _add_scale(figure: Figure, axes: np.ndarray) -> None:
    mappable = ScalarMappable(Normalize(-1, 1), _SCALE)
    shrink = min(1.0, 3.0 / figure.get_figheight())
    bar = figure.colorbar(mappable, ax=axes, shrink=shrink, pad=0.02)
    bar.set_ticks([-1, 0, 1], labels=["against\nthe class", "0", "for\nthe class"], fontsize=8)


def _color(view: ImageView) -> str:
    return _NEUTRAL if view.correct is None else _CORRECT if view.correct else _WRONG


def _legend(view: ImageView) -> str:
    return f"{view.name}\ngreen line: drawn evidence" if view.evidence.any() else view.name


def _save(figure: Figure, path: Path) -> None:
    with files.replacing(path) as temporary:
        # Without the version of matplotlib, equal images are equal bytes.
        figure.savefig(temporary, dpi=_DPI, metadata={"Software": None})
