"""Figures of the splits: class distribution, one contact sheet per class, duplicate pairs."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from PIL import Image

from emotion.core.text import file_name_of
from emotion.data.image_sheet import (
    COLORS,
    GAP,
    GRAY,
    HEAD,
    RED,
    blank_sheet,
    framed,
    save,
    write,
    write_legend,
)
from emotion.data.images import read_image
from emotion.data.manifest import SPLITS
from emotion.datasets.near_duplicates import Pairs
from emotion.datasets.report import count_classes
from emotion.metrics.figures import literal_text, show_name
from emotion.metrics.figures import save as save_figure

COLUMNS, ROWS = 10, 4  # of a contact sheet
LONG = 12  # characters of a class name that are wider than its bars
PAIRS = 18  # on the sheet of duplicates
SIDE, FOOT = 96, 34  # pixels


@literal_text()
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
        for index, (image, split) in enumerate(zip(shown["path"], shown["split"], strict=True)):
            left, top = GAP + index % COLUMNS * (SIDE + GAP), HEAD + index // COLUMNS * (SIDE + GAP)
            sheet.paste(_framed_image(image, split), (left, top))
        save(folder / f"contact_{file_name_of(str(label))}.png", sheet)


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
    sheet, pen = blank_sheet(3, max(1, -(-len(worst) // 3)), width + GAP, height + GAP)
    title = f"{len(worst)} of {len(pairs):,} duplicate pairs, most suspicious first"
    write(pen, (GAP, GAP), title if len(pairs) else "no duplicates", "black", 16)
    if len(pairs):
        write_legend(pen, sheet.width, (*SPLITS, ""))
    columns = (worst[name] for name in ("first", "second", "distance", "labels"))
    for index, (one, other, distance, differ) in enumerate(zip(*columns, strict=True)):
        left = GAP + index % 3 * (width + GAP)
        top = HEAD + index // 3 * (height + GAP)
        for step, row in enumerate((usable.iloc[one], usable.iloc[other])):
            x = left + step * (SIDE + GAP)
            sheet.paste(_framed_image(row["path"], row["split"]), (x, top))
            write(pen, (x, top + SIDE), row["label"], RED if differ else "black", 12)
        caption = f"{distance} bits apart" if distance else "same phash"
        write(pen, (left, top + SIDE + 15), caption, GRAY, 11)
    save(path, sheet)


def _framed_image(path: str, split: str) -> Image.Image:
    return framed(read_image(path), SIDE, COLORS[split])


def draw_all(folder: Path, rows: pd.DataFrame, usable: pd.DataFrame, near: Pairs) -> None:
    """Save every figure of the stage into `folder`."""
    plot_class_distribution(folder / "class_distribution.png", rows)
    draw_contact_sheets(folder, rows)
    draw_duplicates(folder / "duplicates.png", usable, near)
