"""The rows that were turned away: each with its file, its reason and what a person needs to know.

Bad images and unknown labels count against `data.max_rejected`. What annotators did not agree on,
and what is dropped to keep the splits honest (conflicts, leaks, synthetic rows), is listed in the
same file but does not count.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from emotion.core import files, labels
from emotion.core.errors import UserError
from emotion.datasets import votes
from emotion.datasets.corpus import OUTSIDE, UNKNOWN_LABEL
from emotion.inspection.images import TOO_SMALL

CONFLICT = "conflicting labels"  # the same pixels under two labels
LEAK = "leaks across the given split"
HELD_OUT_SYNTHETIC = "synthetic or augmented, outside train"
TOO_MUCH_SYNTHETIC = "over data.synthetic_max_fraction"

COLUMNS = ("path", "label", "reason", "detail")
SHOWN = 3  # files of each reason in a message

_CURES = {
    OUTSIDE: "set data.allow_outside to true",
    TOO_SMALL: "lower data.min_size",
    UNKNOWN_LABEL: "say what the unknown labels mean under data.labels, such as `labels: {grin: "
    "happy}`, or list the classes to keep in data.classes",
}


def list_rejected(rows: pd.DataFrame, reason: str, detail: list[str] | str = "") -> pd.DataFrame:
    """Rows as they stand in rejected.csv."""
    return rows[["path", "label"]].assign(reason=reason, detail=detail)


def refuse_too_many(rejected: pd.DataFrame, total: int, max_rejected: float) -> None:
    """Stop when more than a share of all rows cannot be used.

    Args:
        rejected: with COLUMNS.
        total: rows of the corpus.
        max_rejected: from 0 to 1.

    Raises:
        UserError: counts and first files by reason, and what to do about each.
    """
    rejected = rejected[~rejected["reason"].isin(votes.PROBLEMS)]
    share = len(rejected) / total
    if share <= max_rejected:
        return
    reasons = [_describe(reason, part) for reason, part in rejected.groupby("reason")]
    cures = [cure for reason, cure in _CURES.items() if reason in set(rejected["reason"])]
    if share < 0.5:  # a corpus that is mostly bad is not one to go on with
        enough = np.ceil(share * 1e4) / 1e4
        cures.append(
            f"raise data.max_rejected from {max_rejected:g} to {enough:g} to leave them out, all "
            "listed in rejected.csv"
        )
    settings = f"; or in params.yaml: {'; or '.join(cures)}" if cures else ""
    raise UserError(
        f"{len(rejected):,} of {total:,} images cannot be used: {'; '.join(reasons)}. "
        f"Restore, repair or delete them{settings}."
    )


def write_rejected(path: Path, rejected: pd.DataFrame) -> None:
    """Write the rejected rows as CSV, sorted; only the header when there are none."""
    rows = rejected[list(COLUMNS)].sort_values(list(COLUMNS))
    with files.replacing(path) as temporary:
        rows.to_csv(temporary, index=False, lineterminator="\n")


def _describe(reason: str, part: pd.DataFrame) -> str:
    if reason == UNKNOWN_LABEL:
        counts = part["label"].value_counts().sort_index()
        named = ", ".join(f"{label!r} ({count:,})" for label, count in counts.items())
        return f"{len(part):,} {reason}: {named}; known classes: {', '.join(labels.SYNONYMS)}"
    shown = [
        f"{path}{f' ({detail})' if detail else ''}"
        for path, detail in part[["path", "detail"]].head(SHOWN).itertuples(index=False)
    ]
    return f"{len(part):,} {reason} ({', '.join(shown)}{', ...' * (len(part) > SHOWN)})"
