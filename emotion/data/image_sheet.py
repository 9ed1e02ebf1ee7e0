"""Draw sheets of small framed images with text: layout, fonts, frames and saving."""

from functools import cache
from pathlib import Path

import matplotlib
from PIL import Image, ImageDraw, ImageFont, ImageOps

from emotion.core import files
from emotion.data.images import encode_image

COLORS = {"train": "#33608c", "val": "#e0a030", "test": "#b5504a", "": "#888888"}  # of frames
RED, GRAY = "#a00000", "#666666"  # of text
GAP, HEAD, BORDER = 6, 34, 3  # pixels

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def blank_sheet(
    columns: int, rows: int, width: int, height: int
) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """A white sheet for a grid of cells below a title of HEAD pixels.

    Args:
        columns: cells per row.
        rows: rows of cells.
        width: of a cell and the gap to its right, pixels.
        height: of a cell and the gap below it, pixels.
    """
    size = (GAP + columns * width, HEAD + rows * height + GAP)
    sheet = Image.new("RGB", size, "white")
    return sheet, ImageDraw.Draw(sheet)


def write(
    pen: ImageDraw.ImageDraw, position: tuple[int, int], text: str, color: str, size: int
) -> None:
    """Draw text with its top left corner at `position`.

    Chinese, Japanese and Korean characters appear as boxes: no installed package has a font for
    them.
    """
    pen.text(position, text, color, _font(size, text.isascii()))


def text_width(text: str, size: int) -> int:
    """Width in pixels of one line of text, as `write` draws it."""
    return round(_font(size, text.isascii()).getlength(text))


def write_legend(pen: ImageDraw.ImageDraw, right: int, splits: tuple[str, ...]) -> None:
    """Write the name of each split in the color of its frames, right-aligned in the title."""
    for split in reversed(splits):
        name = split or "no split"
        right -= text_width(name, 14) + GAP
        write(pen, (right, GAP), name, COLORS[split], 14)


def framed(image: Image.Image, side: int, color: str) -> Image.Image:
    """The whole image, scaled and padded with white to a square with a border.

    Args:
        image: RGB, of any size and aspect ratio.
        side: of the result in pixels, with the border.
        color: of the border.
    """
    inner = side - 2 * BORDER
    padded = ImageOps.pad(image, (inner, inner), color="white")
    return ImageOps.expand(padded, border=BORDER, fill=color)


def save(path: Path, sheet: Image.Image) -> None:
    """Write a PNG; equal sheets are equal bytes."""
    files.write_bytes(path, encode_image(sheet, "PNG", optimize=True))


@cache
def _font(size: int, plain: bool) -> Font:
    # Pillow's own font has no letters outside ASCII, not even ö; matplotlib ships DejaVu Sans.
    if plain:
        return ImageFont.load_default(size)
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf"), size)
