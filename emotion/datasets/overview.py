"""What the splits hold: the numbers for `dvc metrics diff`, and the plot of classes."""

from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from emotion.core import files
from emotion.core.manifest import SPLITS

COLOURS = {"train": "#33608c", "val": "#e0a030", "test": "#b5504a"}


def compute_overview(rows: pd.DataFrame, rejected: int, leaks: dict[str, int]) -> dict[str, Any]:
    """Counts of a manifest: rows, subjects, classes, sources, and the share of synthetic rows.

    Args:
        rows: the manifest of all splits.
        rejected: how many pictures were turned away before.
        leaks: how many subjects and files stand in more than one split.

    Returns:
        Nested numbers; `synthetic_fraction` is that of the training rows, which is what a model
        card has to disclose.
    """
    by_split = {split: rows[rows["split"] == split] for split in SPLITS}
    classes = count_classes(rows)
    return {
        "rows": {
            "total": len(rows),
            **{split: len(part) for split, part in by_split.items()},
            "rejected": rejected,
        },
        "subjects": {
            split: part["subject"].replace("", pd.NA).nunique() for split, part in by_split.items()
        },
        "classes": {label: row.to_dict() for label, row in classes.iterrows()},
        "synthetic_fraction": float(by_split["train"]["synthetic"].mean()),
        "source": rows["source"].value_counts().sort_index().to_dict(),
        "leaks": leaks,
    }


def count_classes(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of each class (index, alphabetical) in each split (columns, in our order)."""
    return pd.crosstab(rows["label"], rows["split"]).reindex(columns=list(SPLITS), fill_value=0)


def describe_overview(numbers: dict[str, Any]) -> str:
    """The headline: how many pictures and, where known, people stand in each split.

    A second line warns if `numbers["leaks"]` counts subjects or files in more than one split.
    """

    def in_words(counts: dict[str, int]) -> str:
        return ", ".join(f"{split} {counts[split]:,}" for split in SPLITS)

    rows, subjects, leaks = numbers["rows"], numbers["subjects"], numbers["leaks"]
    people = f"; subjects: {in_words(subjects)}" if any(subjects.values()) else ""
    text = f"{rows['total']:,} pictures: {in_words(rows)}; {rows['rejected']:,} rejected{people}"
    if any(leaks.values()):
        text += (
            f"\nwarning: the corpus's own split leaks: {leaks['subjects']:,} subjects and "
            f"{leaks['files']:,} files stand in more than one split, which flatters every figure"
        )
    return text


def plot_class_distribution(path: Path, rows: pd.DataFrame) -> None:
    """Save a PNG of grouped bars: one group a class, one bar a split, each with its count."""
    counts = count_classes(rows)
    figure = Figure(figsize=(2.5 + 1.1 * len(counts), 4), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    for offset, split in enumerate(SPLITS, start=-1):
        positions = [index + 0.28 * offset for index in range(len(counts))]
        bars = axes.bar(
            positions, counts[split], width=0.26, color=COLOURS[split], label=split, zorder=2
        )
        axes.bar_label(bars, fontsize=7, padding=2)
    axes.set_xticks(range(len(counts)), counts.index)
    axes.set_ylabel("pictures")
    axes.set_title(f"Classes of the three splits ({len(rows):,} pictures)", loc="left", fontsize=11)
    axes.grid(axis="y", color="#dddddd", zorder=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0)
    axes.margins(y=0.1)
    figure.legend(frameon=False, ncols=3, loc="outside upper right")  # clear of tall bars
    with files.replacing(path) as temporary:
        figure.savefig(temporary, metadata={"Software": None})
