"""Draw sheets of images for inspection: the most confident mistakes, the likeliest wrong labels.

The images are in the order of their table, row by row, so the position gives the path.
"""

from pathlib import Path

import pandas as pd
from PIL import Image

from emotion.core.errors import UserError
from emotion.core.text import counted
from emotion.data import image_sheet
from emotion.data.face import FaceImage
from emotion.data.face_crop import shown_part
from emotion.data.image_sheet import COLORS, GAP, HEAD, RED, write
from emotion.data.images import read_image
from emotion.data.manifest import SPLITS, face_images

COLUMNS, ROWS = 6, 4
SIDE, LINE, FONT = 152, 16, 12  # pixels: of a framed image, of a line of text, of its font
_NO_IMAGE = "#b0b0b0"


def draw_mistakes(path: Path, mistakes: pd.DataFrame) -> None:
    """Save a PNG of the first mistakes, with the probabilities of the label and of the prediction.

    Args:
        path: of the PNG.
        mistakes: from `list_mistakes`.
    """
    title = _title(mistakes, "mistake", "most confident first")
    _draw(path, mistakes.assign(split=""), title, role="predicted")


def draw_label_noise(path: Path, candidates: pd.DataFrame) -> None:
    """Save a PNG of the first candidates, framed in the color of their split.

    Args:
        path: of the PNG.
        candidates: from `find_label_noise`.
    """
    title = _title(candidates, "candidate for a wrong label", "least probable labels first")
    names = {"suggested": "predicted", "label_quality": "label_probability"}
    _draw(path, candidates.rename(columns=names), title, role="suggested")


def _title(table: pd.DataFrame, what: str, order: str) -> str:
    if table.empty:
        return f"no {what}"
    noun, *rest = what.split(" ", 1)
    shown = min(len(table), COLUMNS * ROWS)
    return f"{shown} of {' '.join([counted(len(table), noun), *rest])}, {order}"


def _draw(path: Path, table: pd.DataFrame, title: str, role: str) -> None:
    """Draw the first rows; the columns are those of `list_mistakes`, and split.

    Images that cannot be read are gray, so a report on stored predictions can be drawn too.
    """
    shown = table.head(COLUMNS * ROWS)
    width, height = SIDE + GAP, SIDE + 2 * LINE + GAP
    sheet, pen = image_sheet.blank_sheet(COLUMNS, -(-len(shown) // COLUMNS), width, height)
    write(pen, (GAP, GAP), title, "black", 16)
    splits = tuple(name for name in SPLITS if name in set(shown["split"]))
    image_sheet.write_legend(pen, sheet.width, splits)
    images = face_images(shown)
    for index, row in enumerate(shown.to_dict("records")):
        left, top = GAP + index % COLUMNS * width, HEAD + index // COLUMNS * height
        color = COLORS.get(row["split"], COLORS[""])
        sheet.paste(image_sheet.framed(_read_or_gray(images[index]), SIDE, color), (left, top))
        label = _line("label", row["label"], row["label_probability"])
        write(pen, (left, top + SIDE), label, "black", FONT)
        predicted = _line(role, row["predicted"], row["confidence"])
        write(pen, (left, top + SIDE + LINE), predicted, RED, FONT)
    image_sheet.save(path, sheet)


def _read_or_gray(file: FaceImage) -> Image.Image:
    try:
        image = read_image(file.path)
    except UserError:
        return Image.new("RGB", (SIDE, SIDE), _NO_IMAGE)
    return shown_part(image, file.face, SIDE)


def _line(role: str, name: str, probability: float) -> str:
    """Role, class and probability; a long class name is shortened to the width of an image."""
    name = " ".join(name.split())
    text = f"{role} {name} {probability:.2f}"
    for length in range(min(len(name) - 1, SIDE // 2), 0, -1):  # 2 pixels: a very narrow letter
        if image_sheet.text_width(text, FONT) <= SIDE:
            break
        text = f"{role} {name[:length]}... {probability:.2f}"
    return text
