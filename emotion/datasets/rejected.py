"""List the rows that are rejected, with file, label, reason and detail, and limit their share.

Defective images and unknown labels count toward `data.max_rejected`. Images without agreement of
the annotators, without a face or with several, and rows dropped to keep the splits valid
(conflicts, leaks, synthetic rows), are listed in the same file but do not count.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.file_kinds import FIRST, hint_for, kind_of
from emotion.core.text import message_of
from emotion.data import labels
from emotion.data.images import FORMATS
from emotion.data.pixels import UnknownRangeError
from emotion.datasets.formats import votes
from emotion.datasets.inspection import NOT_AN_IMAGE, TOO_SMALL, UNKNOWN_RANGE
from emotion.datasets.reader import OUTSIDE, UNKNOWN_LABEL
from emotion.datasets.unknown_labels import count_words, how_to_map

CONFLICT = "conflicting labels"  # identical pixels with different labels

COLUMNS = ("path", "label", "reason", "detail")
SHOWN, LABELS_SHOWN = 3, 12  # files per reason and unknown labels in a message

_HINTS = {
    OUTSIDE: "set data.allow_outside to true",
    TOO_SMALL: "lower data.min_size",
}


def refuse_too_many(rejected: pd.DataFrame, total: int, max_rejected: float) -> None:
    """Raise if too large a share of all rows cannot be used; warn of a smaller one.

    Args:
        rejected: with COLUMNS.
        total: number of rows of the dataset.
        max_rejected: largest allowed share, 0 to 1.

    Raises:
        UserError: with counts, first files and hint per reason.
    """
    rejected = rejected[~rejected["reason"].isin(votes.PROBLEMS)]
    if rejected.empty:
        return
    share = len(rejected) / total
    reasons = [_describe(str(reason), part) for reason, part in rejected.groupby("reason")]
    problem = f"{len(rejected):,} of {total:,} images cannot be used: {'; '.join(reasons)}"
    if share <= max_rejected:
        left_out = f"left out, as data.max_rejected ({max_rejected:g}) allows: see rejected.csv"
        print(message_of(f"WARNING: {problem}; {left_out}"))
        return
    hints = [hint for reason, hint in _HINTS.items() if reason in set(rejected["reason"])]
    unknown = rejected.loc[rejected["reason"] == UNKNOWN_LABEL, "label"]
    if len(unknown):
        hints.append(f"{how_to_map(unknown)}, or list the classes to keep in data.classes")
    if share < 0.5:  # raising the limit does not help with a dataset that is mostly unusable
        enough = np.ceil(share * 1e4) / 1e4
        hints.append(f"raise data.max_rejected from {max_rejected:g} to {enough:g} to omit them")
    settings = f"; or in params.yaml: {'; or '.join(hints)}" if hints else ""
    foreign = rejected.loc[rejected["reason"] == NOT_AN_IMAGE, "path"]
    remedies = [_how_to_convert(foreign.iloc[0])] if len(foreign) else []
    if (rejected["reason"] == UNKNOWN_RANGE).any():
        remedies.append(f"of an image with an {UNKNOWN_RANGE}: {UnknownRangeError.hint}")
    convert = f" ({'; '.join(remedies)})" if remedies else ""
    raise UserError(problem, f"restore, repair or delete them{convert}{settings}")


def count_reasons(rejected: Sequence[pd.DataFrame]) -> str:
    """The number of rows per reason, such as `2 missing, 1 blank`; the most frequent first."""
    counts = pd.concat(rejected)["reason"].value_counts()
    return ", ".join(f"{count:,} {reason}" for reason, count in counts.items())


def write_rejected(path: Path, rejected: pd.DataFrame) -> None:
    """Write the rejected rows as sorted CSV; only the header if there are none."""
    rows = rejected[list(COLUMNS)].sort_values(list(COLUMNS))
    files.write_csv(path, rows, for_people=True)


def _how_to_convert(path: str) -> str:
    return hint_for(_kind_of_file(path), f"readable formats: {', '.join(FORMATS)}")


def _kind_of_file(path: str) -> str:
    """What a file is that is no image, if its first bytes show it."""
    try:
        with files.open_regular(path) as file:
            return kind_of(file.read(FIRST))
    except (OSError, ValueError):  # deleted meanwhile
        return ""


def _describe(reason: str, part: pd.DataFrame) -> str:
    if reason == UNKNOWN_LABEL:
        named = count_words(part["label"], LABELS_SHOWN)
        return f"{len(part):,} {reason}: {named}; known classes: {', '.join(labels.SYNONYMS)}"
    first = part.head(SHOWN)
    details = first["path"].map(_kind_of_file) if reason == NOT_AN_IMAGE else first["detail"]
    shown = [
        f"{path}{f' ({detail})' if detail else ''}"
        for path, detail in zip(first["path"], details, strict=True)
    ]
    return f"{len(part):,} {reason} ({', '.join(shown)}{', ...' * (len(part) > SHOWN)})"
