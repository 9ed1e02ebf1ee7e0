"""Count what is in the splits and what was rejected, for `dvc metrics diff` and the terminal."""

from itertools import pairwise
from typing import cast

import pandas as pd

from emotion.core.reports import Counts, SplitsReport
from emotion.data.manifest import SPLITS
from emotion.datasets.leaks import SplitPair, describe_leak
from emotion.datasets.rejected import CONFLICT
from emotion.datasets.splits import count_by_split

SIZES = (0, 48, 96, 192, 384)  # lower edges of the histogram of short sides, pixels


def compute_report(
    *,
    rows: pd.DataFrame,
    rejected: pd.DataFrame,
    usable: pd.DataFrame,
    duplicates: pd.DataFrame,
    leaks: dict[SplitPair, Counts],
) -> SplitsReport:
    """Compute the counts that are needed to review a split.

    Args:
        rows: of the manifest.
        rejected: with the columns of rejected.py.
        usable: the readable rows before any was dropped, with `sha256`, `width`, `height`, `mode`.
        duplicates: of `near_duplicates.list_pairs`, among the usable rows.
        leaks: of `count_leaks`, of the usable rows; {} if the dataset has no split of its own.
    """
    parts = {split: rows[rows["split"] == split] for split in SPLITS}
    sizes = {split: len(part) for split, part in parts.items()}
    people = {split: part["subject"].replace("", pd.NA).nunique() for split, part in parts.items()}
    groups = {split: part["group"].nunique() for split, part in parts.items()}
    return SplitsReport(
        rows={"total": len(rows), **sizes, "rejected": len(rejected)},
        classes=_by_split(rows, "label"),
        subjects=people,
        groups={**groups, "largest": int(rows["group"].value_counts().max())},
        duplicates={
            "exact": int(usable["sha256"].duplicated().sum()),
            "near": int((duplicates["distance"] > 0).sum()),
            "conflicts": int((rejected["reason"] == CONFLICT).sum()),
        },
        leaks={"_".join(pair): counts for pair, counts in leaks.items()},
        rejected=_count_values(rejected["reason"]),
        synthetic_fraction=float(parts["train"]["synthetic"].mean()),
        sizes=_histogram(usable[["width", "height"]].min(axis=1)),
        modes=_count_values(usable["mode"]),
        source=_by_split(rows, "source"),
    )


def describe_report(report: SplitsReport) -> str:
    """Summarize the report as text: images and subjects per split, duplicates, rejects, leaks."""

    def by_split(counts: dict[str, int]) -> str:
        return ", ".join(f"{split} {counts[split]:,}" for split in SPLITS)

    rows, subjects, duplicates = report.rows, report.subjects, report.duplicates
    people = f"; subjects: {by_split(subjects)}" if any(subjects.values()) else ""
    lines = [f"{rows['total']:,} images: {by_split(rows)}{people}"]
    lines.append(
        f"{duplicates['exact']:,} exact duplicates and {duplicates['near']:,} near-duplicates, "
        f"each kept in one split; largest group {report.groups['largest']:,} images"
    )
    if rows["rejected"]:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in report.rejected.items())
        lines.append(f"{rows['rejected']:,} rows rejected: {reasons} (see rejected.csv)")
    for pair, leak in report.leaks.items():
        if leak["groups"]:
            first, second = pair.split("_")
            total, *kinds = describe_leak((first, second), leak)
            lines.append(f"WARNING: the existing split leaks between {total}")
            lines += [f"  {kind}" for kind in kinds]
    return "\n".join(lines)


def _by_split(rows: pd.DataFrame, column: str) -> dict[str, Counts]:
    """Count rows per value of a column and per split."""
    return cast(dict[str, Counts], count_by_split(rows, column).to_dict("index"))


def _count_values(column: pd.Series) -> Counts:
    return cast(Counts, column.value_counts().sort_index().to_dict())


def _histogram(short_sides: pd.Series) -> dict[str, int]:
    """Count images by short side, with keys such as `48-95` and `384+`."""
    names = [*(f"{low}-{high - 1}" for low, high in pairwise(SIZES)), f"{SIZES[-1]}+"]
    binned = pd.cut(short_sides, [*SIZES, float("inf")], right=False, labels=names)
    return cast(Counts, binned.value_counts(sort=False).to_dict())
