"""List the rows that are rejected, with file, label, reason and detail, and limit their share.

Defective images and unknown labels count toward `data.max_rejected`. Images without agreement of
the annotators, and rows dropped to keep the splits valid (conflicts, leaks, synthetic rows), are
listed in the same file but do not count.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.text import shorten
from emotion.data import labels
from emotion.data.images import FORMATS
from emotion.datasets.formats import votes
from emotion.datasets.inspection import NOT_AN_IMAGE, TOO_SMALL
from emotion.datasets.reader import OUTSIDE, UNKNOWN_LABEL

CONFLICT = "conflicting labels"  # identical pixels with different labels

COLUMNS = ("path", "label", "reason", "detail")
SHOWN, LABELS_SHOWN = 3, 12  # files per reason and unknown labels in a message

_HINTS = {
    OUTSIDE: "set data.allow_outside to true",
    TOO_SMALL: "lower data.min_size",
    UNKNOWN_LABEL: "map the unknown labels to classes in data.labels, such as `labels: {grin: "
    "happy}`, or list the classes to keep in data.classes",
}


def refuse_too_many(rejected: pd.DataFrame, total: int, max_rejected: float) -> None:
    """Raise if too large a share of all rows cannot be used.

    Args:
        rejected: with COLUMNS.
        total: number of rows of the dataset.
        max_rejected: largest allowed share, 0 to 1.

    Raises:
        UserError: with counts, first files and hint per reason.
    """
    rejected = rejected[~rejected["reason"].isin(votes.PROBLEMS)]
    share = len(rejected) / total
    if share <= max_rejected:
        return
    reasons = [_describe(str(reason), part) for reason, part in rejected.groupby("reason")]
    hints = [hint for reason, hint in _HINTS.items() if reason in set(rejected["reason"])]
    if share < 0.5:  # raising the limit does not help with a dataset that is mostly unusable
        enough = np.ceil(share * 1e4) / 1e4
        hints.append(f"raise data.max_rejected from {max_rejected:g} to {enough:g} to omit them")
    settings = f"; or in params.yaml: {'; or '.join(hints)}" if hints else ""
    foreign = (rejected["reason"] == NOT_AN_IMAGE).any()
    convert = f" (readable formats: {', '.join(FORMATS)})" if foreign else ""
    raise UserError(
        f"{len(rejected):,} of {total:,} images cannot be used: {'; '.join(reasons)}",
        f"restore, repair or delete them{convert}{settings}",
    )


def count_reasons(rejected: Sequence[pd.DataFrame]) -> str:
    """The number of rows per reason, such as `2 missing, 1 blank`; the most frequent first."""
    counts = pd.concat(rejected)["reason"].value_counts()
    return ", ".join(f"{count:,} {reason}" for reason, count in counts.items())


def write_rejected(path: Path, rejected: pd.DataFrame) -> None:
    """Write the rejected rows as sorted CSV; only the header if there are none."""
    rows = rejected[list(COLUMNS)].sort_values(list(COLUMNS))
    files.write_csv(path, rows, for_people=True)


def _describe(reason: str, part: pd.DataFrame) -> str:
    if reason == UNKNOWN_LABEL:
        counts = part["label"].value_counts().sort_index()
        first = counts.head(LABELS_SHOWN)
        named = ", ".join(f"{shorten(repr(name))} ({count:,})" for name, count in first.items())
        named += f" and {len(counts) - len(first):,} others" if len(counts) > len(first) else ""
        return f"{len(part):,} {reason}: {named}; known classes: {', '.join(labels.SYNONYMS)}"
    shown = [
        f"{path}{f' ({detail})' if detail else ''}"
        for path, detail in part[["path", "detail"]].head(SHOWN).itertuples(index=False)
    ]
    return f"{len(part):,} {reason} ({', '.join(shown)}{', ...' * (len(part) > SHOWN)})"
