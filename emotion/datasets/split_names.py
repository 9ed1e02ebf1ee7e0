"""Names that datasets use for train, val and test."""

import pandas as pd

from emotion.core.errors import UserError
from emotion.data.identifiers import identifier_key, is_missing

NAMES = {
    "train": ("train", "training"),
    # FER2013: the images of the public and of the private leaderboard.
    "val": ("val", "valid", "validation", "publictest"),
    "test": ("test", "testing", "privatetest"),
}
SPLIT_OF = {name: split for split, names in NAMES.items() for name in names}


def canonical_split(name: str) -> str | None:
    """train, val or test for a name in any spelling; None if the name is unknown."""
    return SPLIT_OF.get(identifier_key(name))


def map_splits(written: pd.Series, root: str) -> pd.Series:
    """The splits of a dataset: train, val or test in every row, or "" in every row.

    Args:
        written: as the dataset spells them.
        root: of the dataset, for the message.

    Raises:
        UserError: only some rows have a split, or a name is unknown.
    """
    names = written.map({name: "" if is_missing(name) else name for name in written.unique()})
    counts = {str(name): count for name, count in names.value_counts().items()}
    if set(counts) == {""}:
        return names
    splits = {name: canonical_split(name) for name in counts}
    without = counts.pop("", 0)
    unknown = [f"{name!r} ({counts[name]})" for name in sorted(counts) if not splits[name]]
    problems = [f"{without} of {len(names)} rows have no split"] if without else []
    problems += [f"unknown split names: {', '.join(unknown)}"] if unknown else []
    if problems:
        hint = f"give every row one of {', '.join(SPLIT_OF)}, or remove the split from all rows"
        raise UserError(f"has its own split, but {'; '.join(problems)}", hint, file=root)
    return names.map(splits)
