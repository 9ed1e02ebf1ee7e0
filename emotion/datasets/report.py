"""Metrics of the splits and of the rejected rows, for `dvc metrics diff`."""

import pandas as pd

from emotion.core.reports import Counts, SplitsReport
from emotion.data.manifest import SPLITS
from emotion.datasets.leaks import count_leaks, count_repeated, describe_leak
from emotion.datasets.prepare import Prepared
from emotion.datasets.rejected import CONFLICT

SIZES = (0, 48, 96, 192, 384)  # lower edges of the histogram of short sides, pixels


def compute_report(prepared: Prepared) -> SplitsReport:
    """Compute the counts that are needed to review a split.

    `leaks` refers to the existing split of the corpus before any row was dropped.
    """
    rows, usable, near = prepared.rows, prepared.usable, prepared.near
    repeated = count_repeated(usable, near)
    by_split = {split: rows[rows["split"] == split] for split in SPLITS}
    group_sizes = rows["group"].value_counts()
    return SplitsReport(
        rows={
            "total": len(rows),
            **{split: len(part) for split, part in by_split.items()},
            "rejected": len(prepared.rejected),
        },
        classes=_by_split(rows, "label"),
        subjects={
            split: part["subject"].replace("", pd.NA).nunique() for split, part in by_split.items()
        },
        groups={
            **{split: part["group"].nunique() for split, part in by_split.items()},
            "largest": int(group_sizes.max()),
        },
        duplicates={
            "exact": int(usable["sha256"].duplicated().sum()),
            "near": int((near.distance > 0).sum()),
            "conflicts": int((prepared.rejected["reason"] == CONFLICT).sum()),
        },
        leaks={
            "_".join(pair): counts | repeated[pair] for pair, counts in count_leaks(usable).items()
        },
        rejected=_count_values(prepared.rejected["reason"]),
        synthetic_fraction=float(by_split["train"]["synthetic"].mean()),
        sizes=_histogram(usable[["width", "height"]].min(axis=1)),
        modes=_count_values(usable["mode"]),
        source=_by_split(rows, "source"),
    )


def count_classes(rows: pd.DataFrame) -> pd.DataFrame:
    """Count rows per class (index, alphabetical) and split (columns, in the order of SPLITS)."""
    return _crosstab(rows, "label")


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
    table = _crosstab(rows, column)
    return {
        str(value): {split: int(count) for split, count in zip(SPLITS, counts, strict=True)}
        for value, counts in zip(table.index, table.to_numpy(), strict=True)
    }


def _count_values(column: pd.Series) -> Counts:
    return {str(value): int(n) for value, n in column.value_counts().sort_index().items()}


def _crosstab(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    return pd.crosstab(rows[column], rows["split"]).reindex(columns=list(SPLITS), fill_value=0)


def _histogram(short_sides: pd.Series) -> dict[str, int]:
    """Count images by short side, with keys such as `48-95` and `384+`."""
    uppers = [*(edge - 1 for edge in SIZES[1:]), None]
    names = [
        f"{low}-{high}" if high else f"{low}+" for low, high in zip(SIZES, uppers, strict=True)
    ]
    binned = pd.cut(short_sides, [*SIZES, float("inf")], right=False, labels=names)
    return {str(name): int(count) for name, count in binned.value_counts(sort=False).items()}
