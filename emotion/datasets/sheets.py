"""Figures of the splits: class distribution, one contact sheet per class, duplicate pairs."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from emotion.core.text import file_name_of
from emotion.data import image_sheet
from emotion.data.crop_params import CropParams
from emotion.data.face import FaceImage
from emotion.data.face_crop import shown_part
from emotion.data.image_sheet import COLORS, GAP, GRAY, HEAD, RED, blank_sheet, write, write_legend
from emotion.data.images import read_image
from emotion.data.manifest import SPLITS, face_images
from emotion.datasets import face_sheets
from emotion.datasets.prepare import Prepared
from emotion.datasets.splits import count_by_split
from emotion.metrics.figures import literal_text, show_name
from emotion.metrics.figures import save as save_figure

COLUMNS, ROWS = 10, 4  # of a contact sheet
LONG = 12  # characters of a class name that are wider than its bars
PAIRS = 18  # on the sheet of duplicates
SIDE, FOOT = 96, 34  # pixels


@literal_text()
def plot_class_distribution(path: Path, rows: pd.DataFrame) -> None:
    """Save a PNG with grouped bars: one group per class, one bar with its count per split."""
    counts = count_by_split(rows, "label")
    figure = Figure(figsize=(2.5 + 1.1 * len(counts), 4), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    for offset, split in enumerate(SPLITS, start=-1):
        positions = [index + 0.28 * offset for index in range(len(counts))]
        bars = axes.bar(positions, counts[split], 0.26, color=COLORS[split], label=split, zorder=2)
        axes.bar_label(bars, fontsize=7, padding=2)
    names = list(map(show_name, counts.index))
    rotation, anchor = (20, "right") if max(map(len, names)) > LONG else (0, "center")
    axes.set_xticks(range(len(counts)), names, rotation=rotation, ha=anchor)
    axes.set_ylabel("images")
    axes.set_title(f"Classes per split ({len(rows):,} images)", loc="left", fontsize=11)
    axes.grid(axis="y", color="#dddddd", zorder=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0)
    axes.margins(y=0.1)
    figure.legend(frameon=False, ncols=3, loc="outside upper right")  # never hides a bar
    save_figure(path, figure)


def draw_contact_sheets(folder: Path, rows: pd.DataFrame) -> None:
    """Save `contact_<class>.png` per class: images chosen by hash, framed in the split's color."""
    for label, part in rows.groupby("label"):
        shown = part.sort_values(["sha256", "path"]).head(COLUMNS * ROWS)
        sheet, pen = blank_sheet(COLUMNS, -(-len(shown) // COLUMNS), SIDE + GAP, SIDE + GAP)
        write(pen, (GAP, GAP), f"{label}: {len(shown)} of {len(part):,} images", "black", 16)
        write_legend(pen, sheet.width, SPLITS)
        files = zip(face_images(shown), shown["split"], strict=True)
        for index, (image, split) in enumerate(files):
            left, top = GAP + index % COLUMNS * (SIDE + GAP), HEAD + index // COLUMNS * (SIDE + GAP)
            sheet.paste(_framed_image(image, split), (left, top))
        image_sheet.save(folder / f"contact_{file_name_of(str(label))}.png", sheet)


def draw_duplicates(path: Path, pairs: pd.DataFrame) -> None:
    """Save the first pairs of `near_duplicates.list_pairs` side by side."""
    shown = pairs.head(PAIRS)
    width, height = 2 * SIDE + 3 * GAP, SIDE + FOOT
    sheet, pen = blank_sheet(3, max(1, -(-len(shown) // 3)), width + GAP, height + GAP)
    title = f"{len(shown)} of {len(pairs):,} duplicate pairs, most suspicious first"
    write(pen, (GAP, GAP), title if len(pairs) else "no duplicates", "black", 16)
    if len(pairs):
        write_legend(pen, sheet.width, (*SPLITS, ""))
    files = {side: _images_of_side(shown, f"{side}_") for side in ("first", "second")}
    for index, pair in enumerate(shown.to_dict("records")):
        left = GAP + index % 3 * (width + GAP)
        top = HEAD + index // 3 * (height + GAP)
        color = RED if pair["first_label"] != pair["second_label"] else "black"
        for x, side in ((left, "first"), (left + SIDE + GAP, "second")):
            sheet.paste(_framed_image(files[side][index], pair[f"{side}_split"]), (x, top))
            write(pen, (x, top + SIDE), pair[f"{side}_label"], color, 12)
        write(pen, (left, top + SIDE + 15), _caption(pair), GRAY, 11)
    image_sheet.save(path, sheet)


def _images_of_side(pairs: pd.DataFrame, prefix: str) -> list[FaceImage]:
    columns = [name for name in map(str, pairs) if name.startswith(prefix)]
    return face_images(pairs[columns].rename(columns=lambda name: name.removeprefix(prefix)))


def _caption(pair: dict[Hashable, Any]) -> str:
    """How the images differ, such as `12 bits apart` or `12 bits, mirrored, turned 180 degrees`."""
    if pair["identical"]:
        return "same pixels"
    transform = pair["transform"]
    return f"{pair['distance']} bits" + (f", {transform}" if transform else " apart")


def _framed_image(file: FaceImage, split: str) -> Image.Image:
    shown = shown_part(read_image(file.path), file.face, SIDE)
    return image_sheet.framed(shown, SIDE, COLORS[split])


def draw_all(folder: Path, prepared: Prepared, crop: CropParams) -> None:
    """Save every figure of the stage.

    Args:
        folder: for the files.
        prepared: what the stage writes.
        crop: data.faces and data.face_margin.
    """
    plot_class_distribution(folder / "class_distribution.png", prepared.rows)
    draw_contact_sheets(folder, prepared.rows)
    draw_duplicates(folder / "duplicates.png", prepared.duplicates)
    if crop.faces != "as_is":
        face_sheets.draw_all(folder, prepared.rows, prepared.faces, crop)
