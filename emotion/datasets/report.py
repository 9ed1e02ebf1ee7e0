"""Count what is in the splits and what was rejected, for `dvc metrics diff` and the terminal."""

from itertools import pairwise
from typing import cast

import pandas as pd

from emotion.core.reports import Counts, SplitsReport
from emotion.core.text import counted
from emotion.data.manifest import SPLITS
from emotion.datasets.leaks import SplitPair, describe_leak
from emotion.datasets.near_duplicates import UNSEEN
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
    faces: Counts,
) -> SplitsReport:
    """Compute the counts that are needed to review a split.

    Args:
        rows: of the manifest.
        rejected: with the columns of rejected.py.
        usable: the readable rows before any was dropped, with `sha256`, `width`, `height`, `mode`.
        duplicates: of `near_duplicates.list_pairs`, among the usable rows.
        leaks: of `count_leaks`, of the usable rows; {} if the dataset has no split of its own.
        faces: of `count_faces`.
    """
    parts = {split: rows[rows["split"] == split] for split in SPLITS}
    sizes = {split: len(part) for split, part in parts.items()}
    named = {split: part["subject"][part["subject"] != ""] for split, part in parts.items()}
    groups = {split: part["group"].nunique() for split, part in parts.items()}
    shared = rows.groupby("group")["split"].transform("nunique") > 1
    return SplitsReport(
        rows={"total": len(rows), **sizes, "rejected": len(rejected)},
        classes=_by_split(rows, "label"),
        subjects={split: subjects.nunique() for split, subjects in named.items()},
        unknown_subjects={split: sizes[split] - len(named[split]) for split in SPLITS},
        groups={**groups, "largest": int(rows["group"].value_counts().max())},
        shared_groups={split: int(shared[part.index].sum()) for split, part in parts.items()},
        duplicates={
            "exact": int(usable["sha256"].duplicated().sum()),
            "near": int((~duplicates["identical"]).sum()),
            "conflicts": int((rejected["reason"] == CONFLICT).sum()),
        },
        leaks={"_".join(pair): counts for pair, counts in leaks.items()},
        rejected=_count_values(rejected["reason"]),
        synthetic_fraction=float(parts["train"]["synthetic"].mean()),
        sizes=_histogram(usable[["width", "height"]].min(axis=1)),
        modes=_count_values(usable["mode"]),
        source=_by_split(rows, "source"),
        faces=faces,
    )


def describe_report(report: SplitsReport) -> str:
    """Summarize the report as text: images and subjects per split, duplicates, rejects, leaks."""
    rows, duplicates = report.rows, report.duplicates
    shared = sum(report.shared_groups.values())
    noun = "face" if report.faces["images"] else "image"
    lines = [
        f"{counted(rows['total'], noun)}: {_list_splits(rows)}; {_describe_subjects(report, noun)}"
    ]
    if report.faces["images"]:
        lines.append(_describe_faces(report.faces))
    lines.append(
        f"{counted(duplicates['exact'], 'exact duplicate')} and "
        f"{counted(duplicates['near'], 'pair')} of near-duplicates"
        f"{'' if shared else ', each kept in one split'}; "
        f"largest group {counted(report.groups['largest'], noun)} ({UNSEEN})"
    )
    if rows["rejected"]:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in report.rejected.items())
        lines.append(f"{counted(rows['rejected'], 'row')} rejected: {reasons} (see rejected.csv)")
    for pair, leak in report.leaks.items():
        if leak["groups"]:
            first, second = pair.split("_")
            total, *kinds = describe_leak((first, second), leak)
            lines.append(f"WARNING: the existing split leaks between {total}")
            lines += [f"  {kind}" for kind in kinds]
    if shared:
        kept = _list_splits(report.shared_groups)
        lines.append(f"WARNING: images whose group is in two splits are kept: {kept}")
    return "\n".join(lines)


def _describe_faces(faces: Counts) -> str:
    """Such as `faces found in 97 of 100 images (2 turned, 5 enlarged), several in 4, none in 3`."""
    found = faces["images"] - faces["no_face"]
    return (
        f"faces found in {found:,} of {counted(faces['images'], 'image')} "
        f"({faces['turned']:,} turned, {faces['enlarged']:,} enlarged), several in "
        f"{faces['several_faces']:,}, none in {faces['no_face']:,}"
    )


def _list_splits(counts: Counts) -> str:
    return ", ".join(f"{split} {counts[split]:,}" for split in SPLITS)


def _describe_subjects(report: SplitsReport, noun: str) -> str:
    """How many there are, and for how many images that is unknown."""
    unknown = sum(report.unknown_subjects.values())
    if unknown == report.rows["total"]:
        return "subjects: unknown, so the same person may be in two splits"
    subjects = f"subjects: {_list_splits(report.subjects)}"
    if not unknown:
        return subjects
    return f"{subjects}; unknown for {counted(unknown, noun)}, whose person may be in two splits"


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
