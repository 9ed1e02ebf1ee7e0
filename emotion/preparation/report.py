"""What the splits hold and what was turned away: the numbers for `dvc metrics diff`."""

from typing import Any

import pandas as pd

from emotion.core.manifest import SPLITS
from emotion.preparation.prepare import Prepared
from emotion.preparation.rejected import CONFLICT

SIZES = (0, 48, 96, 192, 384)  # lower edges of the histogram of short sides, pixels


def compute_report(prepared: Prepared) -> dict[str, Any]:
    """Counts of everything that a reviewer asks of a split.

    Returns:
        Nested numbers. `synthetic_fraction` is that of the training rows, which a model card has
        to disclose; `leaks` are those of the split that the corpus brought, before anything was
        dropped, by pair of splits.
    """
    rows, usable, near = prepared.rows, prepared.usable, prepared.near
    by_split = {split: rows[rows["split"] == split] for split in SPLITS}
    group_sizes = rows["group"].value_counts()
    return {
        "rows": {
            "total": len(rows),
            **{split: len(part) for split, part in by_split.items()},
            "rejected": len(prepared.rejected),
        },
        "classes": {label: row.to_dict() for label, row in count_classes(rows).iterrows()},
        "subjects": {
            split: part["subject"].replace("", pd.NA).nunique() for split, part in by_split.items()
        },
        "groups": {
            **{split: part["group"].nunique() for split, part in by_split.items()},
            "largest": int(group_sizes.max()),
        },
        "duplicates": {
            "exact": int(usable["sha256"].duplicated().sum()),
            "near": int((near.distance > 0).sum()),
            "conflicts": int((prepared.rejected["reason"] == CONFLICT).sum()),
        },
        "leaks": {"_".join(pair): counts for pair, counts in prepared.leaks.items()},
        "rejected": prepared.rejected["reason"].value_counts().sort_index().to_dict(),
        "synthetic_fraction": float(by_split["train"]["synthetic"].mean()),
        "sizes": _histogram(usable[["width", "height"]].min(axis=1)),
        "modes": usable["mode"].value_counts().sort_index().to_dict(),
        "source": {source: row.to_dict() for source, row in _crosstab(rows, "source").iterrows()},
    }


def count_classes(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of each class (index, alphabetical) in each split (columns, in our order)."""
    return _crosstab(rows, "label")


def describe_report(numbers: dict[str, Any]) -> str:
    """What the stage prints: images and people of each split, then what was found."""

    def in_words(counts: dict[str, int]) -> str:
        return ", ".join(f"{split} {counts[split]:,}" for split in SPLITS)

    rows, subjects, twins = numbers["rows"], numbers["subjects"], numbers["duplicates"]
    people = f"; subjects: {in_words(subjects)}" if any(subjects.values()) else ""
    lines = [f"{rows['total']:,} images: {in_words(rows)}{people}"]
    lines.append(
        f"{twins['exact']:,} exact and {twins['near']:,} near duplicates, kept on one side; "
        f"largest group {numbers['groups']['largest']:,} images"
    )
    if rows["rejected"]:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in numbers["rejected"].items())
        lines.append(f"{rows['rejected']:,} rows rejected: {reasons} (see rejected.csv)")
    for pair, leak in numbers["leaks"].items():
        if leak["groups"]:
            lines.append(
                f"WARNING: the corpus's own split leaks between {pair.replace('_', ' and ')}: "
                f"{leak['groups']:,} groups ({leak['subjects']:,} subjects, {leak['images']:,} "
                "identical images) stand in both"
            )
    return "\n".join(lines)


def _crosstab(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    return pd.crosstab(rows[column], rows["split"]).reindex(columns=list(SPLITS), fill_value=0)


def _histogram(short_sides: pd.Series) -> dict[str, int]:
    """Images by their short side, keys such as `48-95` and `384+`."""
    uppers = [*(edge - 1 for edge in SIZES[1:]), None]
    names = [
        f"{low}-{high}" if high else f"{low}+" for low, high in zip(SIZES, uppers, strict=True)
    ]
    binned = pd.cut(short_sides, [*SIZES, float("inf")], right=False, labels=names)
    return {name: int(count) for name, count in binned.value_counts(sort=False).items()}
