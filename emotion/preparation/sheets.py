"""Figures of the splits: class distribution, one contact sheet per class, duplicate pairs."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont, ImageOps

from emotion.core import files
from emotion.core.images import read_image
from emotion.core.manifest import SPLITS
from emotion.grouping.near_duplicates import Pairs
from emotion.preparation.report import count_classes

COLORS = {"train": "#33608c", "val": "#e0a030", "test": "#b5504a", "": "#888888"}
COLUMNS, ROWS = 10, 4  # of a contact sheet
PAIRS = 18  # on the sheet of duplicates
SIDE, GAP, HEAD, FOOT = 96, 6, 34, 34  # pixels


def plot_class_distribution(path: Path, rows: pd.DataFrame) -> None:
    """Save a PNG with grouped bars: one group per class, one bar with its count per split."""
    counts = count_classes(rows)
    figure = Figure(figsize=(2.5 + 1.1 * len(counts), 4), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    for offset, split in enumerate(SPLITS, start=-1):
        positions = [index + 0.28 * offset for index in range(len(counts))]
        bars = axes.bar(
            positions, counts[split], width=0.26, color=COLORS[split], label=split, zorder=2
        )
        axes.bar_label(bars, fontsize=7, padding=2)
    axes.set_xticks(range(len(counts)), counts.index)
    axes.set_ylabel("images")
    axes.set_title(f"Classes per split ({len(rows):,} images)", loc="left", fontsize=11)
    axes.grid(axis="y", color="#dddddd", zorder=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0)
    axes.margins(y=0.1)
    figure.legend(frameon=False, ncols=3, loc="outside upper right")  # never hides a bar
    with files.replacing(path) as temporary:
        figure.savefig(temporary, metadata={"Software": None})


def draw_contact_sheets(folder: Path, rows: pd.DataFrame) -> None:
    """Save `contact_<class>.png` per class: images chosen by hash, framed in the split's color."""
    for label, part in rows.groupby("label"):
        shown = part.sort_values(["sha256", "path"]).head(COLUMNS * ROWS)
        sheet, pen = _blank_sheet(COLUMNS, -(-len(shown) // COLUMNS), SIDE + GAP)
        pen.text((GAP, GAP), f"{label}: {len(shown)} of {len(part):,} images", "black", _font(16))
        _write_legend(pen, sheet.width, SPLITS)
        for index, (image, split) in enumerate(zip(shown["path"], shown["split"], strict=True)):
            left, top = GAP + index % COLUMNS * (SIDE + GAP), HEAD + index // COLUMNS * (SIDE + GAP)
            sheet.paste(_framed(image, split), (left, top))
        _save(folder / f"contact_{label}.png", sheet)


def draw_duplicates(path: Path, usable: pd.DataFrame, near: Pairs) -> None:
    """Save the pairs of duplicates that a person should review, the most suspicious first.

    The order is: pairs with different labels, pairs in different splits, then by decreasing
    distance, because a pair with a large distance is the most likely false positive. Exact
    duplicates have distance 0.
    """
    pairs = pd.DataFrame(near._asdict())
    label, split = usable["label"].to_numpy(), usable["split"].to_numpy()
    first, second = pairs["first"].to_numpy(), pairs["second"].to_numpy()
    pairs["labels"], pairs["splits"] = label[first] != label[second], split[first] != split[second]
    worst = pairs.sort_values(["labels", "splits", "distance"], ascending=False, kind="stable")
    worst = worst.head(PAIRS)
    width, height = 2 * SIDE + 3 * GAP, SIDE + FOOT
    sheet, pen = _blank_sheet(3, max(1, -(-len(worst) // 3)), width + GAP, height + GAP)
    title = f"{len(worst)} of {len(pairs):,} duplicate pairs, most suspicious first"
    pen.text((GAP, GAP), title if len(pairs) else "no duplicates", "black", _font(16))
    if len(pairs):
        _write_legend(pen, sheet.width, (*SPLITS, ""))
    columns = (worst[name] for name in ("first", "second", "distance", "labels"))
    for index, (one, other, distance, differ) in enumerate(zip(*columns, strict=True)):
        left = GAP + index % 3 * (width + GAP)
        top = HEAD + index // 3 * (height + GAP)
        for step, row in enumerate((usable.iloc[one], usable.iloc[other])):
            x = left + step * (SIDE + GAP)
            sheet.paste(_framed(row["path"], row["split"]), (x, top))
            pen.text((x, top + SIDE), row["label"], "#a00000" if differ else "black", _font(12))
        caption = f"{distance} bits apart" if distance else "same phash"
        pen.text((left, top + SIDE + 15), caption, "#666666", _font(11))
    _save(path, sheet)


def _blank_sheet(
    columns: int, rows: int, width: int, height: int | None = None
) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    size = (GAP + columns * width, HEAD + rows * (height or width) + GAP)
    sheet = Image.new("RGB", size, "white")
    return sheet, ImageDraw.Draw(sheet)


def _write_legend(pen: ImageDraw.ImageDraw, right: int, splits: tuple[str, ...]) -> None:
    for split in reversed(splits):
        name = split or "no split"
        right -= round(_font(14).getlength(name)) + GAP
        pen.text((right, GAP), name, COLORS[split], _font(14))


def _framed(path: str, split: str) -> Image.Image:
    image = ImageOps.pad(read_image(path), (SIDE - 6, SIDE - 6), color="white")
    return ImageOps.expand(image, border=3, fill=COLORS[split])


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _save(path: Path, sheet: Image.Image) -> None:
    with files.replacing(path) as temporary:
        sheet.save(temporary, optimize=True)


def draw_all(folder: Path, rows: pd.DataFrame, usable: pd.DataFrame, near: Pairs) -> None:
    """Save every figure of the stage into `folder`."""
    plot_class_distribution(folder / "class_distribution.png", rows)
    draw_contact_sheets(folder, rows)
    draw_duplicates(folder / "duplicates.png", usable, near)
