"""Leaks: groups in more than one split, and identical pixels with different labels."""

from itertools import combinations

import pandas as pd

from emotion.core.manifest import SPLITS


def find_conflicts(rows: pd.DataFrame) -> pd.Series:
    """Whether a row's pixels also occur with another label, so at most one label is correct.

    Args:
        rows: with `sha256` and `label`.
    """
    return rows.groupby("sha256")["label"].transform("nunique") > 1


def count_leaks(rows: pd.DataFrame) -> dict[tuple[str, str], dict[str, int]]:
    """Count what each pair of splits shares.

    Args:
        rows: with `split`, `group`, `subject`, `sha256`; splits may have any names.

    Returns:
        Pairs such as (train, test) to counts of shared `groups`, shared `subjects`, identical
        `images`, and `rows` of the first split whose group is also in the second.
    """
    present = set(rows["split"])
    order = [split for split in SPLITS if split in present] + sorted(present - set(SPLITS))
    parts = {split: rows[rows["split"] == split] for split in order}
    return {
        (first, second): {
            "rows": int(parts[first]["group"].isin(parts[second]["group"]).sum()),
            "groups": _count_shared(parts[first]["group"], parts[second]["group"]),
            "subjects": _count_shared(parts[first]["subject"], parts[second]["subject"]),
            "images": _count_shared(parts[first]["sha256"], parts[second]["sha256"]),
        }
        for first, second in combinations(order, 2)
    }


def find_leaking(rows: pd.DataFrame) -> pd.Series:
    """Rows to drop so that no group is in two splits; never a row of test.

    A row of train is dropped if its group is in val or test, a row of val if its group is in test.
    """
    groups = {split: rows.loc[rows["split"] == split, "group"] for split in SPLITS}
    in_test = rows["group"].isin(groups["test"])
    in_val = rows["group"].isin(groups["val"][~groups["val"].isin(groups["test"])])
    train, val = rows["split"] == "train", rows["split"] == "val"
    return train & (in_test | in_val) | val & in_test


def _count_shared(first: pd.Series, second: pd.Series) -> int:
    return len((set(first) & set(second)) - {""})
