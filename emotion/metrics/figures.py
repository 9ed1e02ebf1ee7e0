"""Shared parts of all figures: colors, style, saving, and the panel of a confusion matrix.

They use matplotlib's Figure without pyplot: no global state, no display. The colors are the
color-blind-safe palette of Okabe and Ito (2008).
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.image import AxesImage
from matplotlib.ticker import PercentFormatter
from matplotlib.typing import RcKeyType

from emotion.core import files

BLUE, ORANGE, GREEN = "#0072B2", "#E69F00", "#009E73"
COLORS = (BLUE, ORANGE, GREEN, "#CC79A7", "#56B4E9", "#D55E00")  # of lines in one panel
GRAY, PALE_BLUE = "#7F7F7F", "#B8D6EA"
NAME_LENGTH = 24  # characters of a class, an attribute or its value
LITERAL: dict[RcKeyType, Any] = {"text.parse_math": False}  # a $ in a name begins no formula
STYLE: dict[RcKeyType, Any] = LITERAL | {
    "figure.dpi": 100,
    "savefig.dpi": 144,
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#444444",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E5E5E5",
    "legend.frameon": False,
}


@contextmanager
def literal_text() -> Iterator[None]:
    """Draw text of the user literally, in figures that do not have STYLE."""
    with matplotlib.rc_context(LITERAL):
        yield


def show_name(name: str) -> str:
    """A name as matplotlib can draw it, cut to NAME_LENGTH.

    Characters that the font lacks would all be drawn as the same box, so they are shown by their
    code.
    """
    known = get_font(findfont(FontProperties())).get_charmap()
    text = "".join(
        character if ord(character) in known else character.encode("unicode_escape").decode()
        for character in name
    )
    if len(text) > NAME_LENGTH:
        text = text[: NAME_LENGTH - 1] + "…"
    return text


def save(path: Path, figure: Figure) -> None:
    """Write a PNG; equal figures give equal bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    files.write_bytes(path, buffer.getvalue())


def draw_confusion(axes: Axes, counts: np.ndarray, names: Sequence[str]) -> AxesImage:
    """Counts as text; the color is the fraction of the row, so rare classes are visible too.

    Args:
        axes: to draw into.
        counts: int (C, C), rows are the labels.
        names: of the C classes.

    Returns:
        The colors, for `add_share_bar`.
    """
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(counts.shape):
        color = "white" if shares[row, column] > 0.55 else "#222222"
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=color)
    axes.grid(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    names = list(map(show_name, names))
    axes.set_xticks(range(len(names)), names, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="predicted", ylabel="actual")
    return image


def add_share_bar(figure: Figure, axes: Any, image: AxesImage) -> None:
    """Draw the color bar of `draw_confusion` next to one or several axes."""
    bar = figure.colorbar(image, ax=axes, shrink=0.8, format=PercentFormatter(1))
    bar.set_label("share of the actual class")
    bar.outline.set_visible(False)
