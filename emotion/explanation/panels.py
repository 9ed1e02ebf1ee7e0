"""Draw attribution maps: panels of one image each, and sheets of several images.

All methods share one color scale: red supports the class, blue contradicts it, and where a map is
near 0 the gray image is visible. Methods that did not pass are drawn last, with a gray title.

A figure is one Axes in inches, with images and texts at places that are known in advance. A grid of
Axes with a layout engine looks the same and takes twice as long.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure

from emotion.metrics.figures import literal_text, save

# Inches.
_CELL, _GAP = 2.3, 0.09
_HEADING = 0.4  # above a panel, or at the left of a row
_TITLE = 0.45  # two lines above a row of maps
_LINE = 0.14  # of a caption, below a map
_SCALE_WIDTH, _SCALE_HEIGHT = 0.95, 2.8
_EM = 0.68 / 72  # width of a character per point of its size, of a bold font
_COLUMNS = 4  # of a panel
_DPI = 110
_FOR, _AGAINST, _ZERO = to_rgb("#b2001d"), to_rgb("#1450a8"), (0.8, 0.8, 0.8)
_COLORS = LinearSegmentedColormap.from_list("attribution", [_AGAINST, _ZERO, _FOR])
_CORRECT, _WRONG, _NEUTRAL = "#1a7f37", "#c62828", "#222222"
_FAILED = "#8a8a8a"
_EVIDENCE = "#00a572"


@dataclass(frozen=True, kw_only=True)
class LabeledMap:
    """An attribution map with its texts."""

    title: str
    map: np.ndarray  # (H, W) in -1..1
    caption: str = ""  # its scores
    passed: bool = True  # whether its method did


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One image next to its maps: a figure, or a row of a sheet."""

    shown: np.ndarray  # (H, W, 3), RGB in 0..1
    evidence: np.ndarray  # bool (H, W)
    heading: str  # its classes; lines are separated by line breaks
    correct: bool | None = None  # sets the color of the heading
    name: str = ""  # of its file
    maps: Sequence[LabeledMap]


@literal_text()
def draw_panel(path: Path, panel: Panel) -> None:
    """Draw one image next to its maps, with the scores of each map below it."""
    cells = 1 + len(panel.maps)
    columns = min(cells, _COLUMNS)
    legend = f"{panel.name}\ngreen line: evidence" if panel.evidence.any() else panel.name
    height = _TITLE + _CELL + _space_below(legend, *(item.caption for item in panel.maps))
    width = _GAP + columns * (_CELL + _GAP)
    figure, axes = _new_axes(width, _HEADING + math.ceil(cells / columns) * height)
    places = [
        (_GAP + index % columns * (_CELL + _GAP), _HEADING + index // columns * height + _TITLE)
        for index in range(cells)
    ]
    _draw_cells(axes, places, panel)
    _write_titles(axes, places, panel)
    _write_below(axes, places[0], legend)
    heading = panel.heading.replace("\n", " · ")
    axes.text(width / 2, _HEADING / 2, heading, ha="center", **_style(panel, heading, 12, width))
    save(path, figure)


@literal_text()
def draw_sheet(path: Path, panels: Sequence[Panel]) -> None:
    """Draw several images with maps of the same methods in one figure, one row per image."""
    columns = 1 + len(panels[0].maps)
    height = _CELL + _space_below(*(item.caption for panel in panels for item in panel.maps))
    figure, axes = _new_axes(_HEADING + columns * (_CELL + _GAP), _TITLE + len(panels) * height)
    for row, panel in enumerate(panels):
        top = _TITLE + row * height
        places = [(_HEADING + column * (_CELL + _GAP), top) for column in range(columns)]
        _draw_cells(axes, places, panel)
        if not row:
            _write_titles(axes, places, panel)
        style = _style(panel, max(panel.heading.split("\n"), key=len), 10, _CELL)
        middle = top + _CELL / 2
        axes.text(_HEADING / 2, middle, panel.heading, ha="center", rotation=90, **style)
    save(path, figure)


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


def _new_axes(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure and its Axes in inches, with the color scale at the right; y points down."""
    figure = Figure(figsize=(width + _SCALE_WIDTH, height), dpi=_DPI)
    axes = figure.add_axes((0, 0, 1, 1), autoscale_on=False)
    axes.set(xlim=(0, width + _SCALE_WIDTH), ylim=(height, 0))
    axes.axis("off")
    half = min(_SCALE_HEIGHT, height - 2 * _HEADING) / 2
    left, right, middle = width + 0.08, width + 0.22, height / 2
    scale = _COLORS(np.linspace(1, 0, 256))[:, None]
    _show(axes, scale, (left, right, middle + half, middle - half))
    for shift, text in ((-half, "for\nthe class"), (0, "0"), (half, "against\nthe class")):
        axes.text(right + 0.06, middle + shift, text, fontsize=8, va="center")
    return figure, axes


def _draw_cells(axes: Axes, places: Sequence[tuple[float, float]], panel: Panel) -> None:
    """The image and its maps, with their captions."""
    images = [panel.shown, *(overlay(panel.shown, item.map) for item in panel.maps)]
    rows, columns = panel.evidence.shape
    x, y = (np.arange(side) * _CELL / side + _CELL / side / 2 for side in (columns, rows))
    for (left, top), image in zip(places, images, strict=True):
        _show(axes, image, (left, left + _CELL, top + _CELL, top))
        if panel.evidence.any():
            axes.contour(
                left + x, top + y, panel.evidence, levels=[0.5], colors=_EVIDENCE, linewidths=0.9
            )
    for (left, top), item in zip(places[1:], panel.maps, strict=True):
        _write_below(axes, (left, top), item.caption)
        if not item.map.any():
            axes.text(left + _CELL / 2, top + _CELL - 0.1, "blank", ha="center", fontsize=10)


def _write_titles(axes: Axes, places: Sequence[tuple[float, float]], panel: Panel) -> None:
    """The names of the methods, above their maps."""
    colors = [_NEUTRAL, *(_NEUTRAL if item.passed else _FAILED for item in panel.maps)]
    titles = ["image", *(item.title for item in panel.maps)]
    for (left, top), title, color in zip(places, titles, colors, strict=True):
        axes.text(left + _CELL / 2, top - 0.06, title, ha="center", fontsize=10, color=color)


def _write_below(axes: Axes, place: tuple[float, float], caption: str) -> None:
    left, top = place
    axes.text(left + _CELL / 2, top + _CELL + 0.05, caption, ha="center", va="top", fontsize=8)


def _space_below(*captions: str) -> float:
    """Inches below an image, enough for the longest caption."""
    lines = max(caption.count("\n") + 1 if caption else 0 for caption in captions)
    return 2 * _GAP + lines * _LINE if lines else _GAP


def _show(axes: Axes, image: np.ndarray, extent: tuple[float, float, float, float]) -> None:
    # A mean of floats can be 1.0000001, which matplotlib would report on stderr.
    axes.imshow(np.clip(image, 0, 1), extent=extent, interpolation="nearest", aspect="auto")


def _style(panel: Panel, longest: str, size: int, width: float) -> dict[str, Any]:
    """Of a heading: green or red, and small enough for the width in inches."""
    color = _NEUTRAL if panel.correct is None else _CORRECT if panel.correct else _WRONG
    fitting = min(size, width / max(len(longest), 1) / _EM)
    return {"fontsize": fitting, "color": color, "weight": "bold", "va": "center"}
