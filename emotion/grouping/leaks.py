"""What leaks: groups on two sides of a split, and identical pixels under two labels."""

from itertools import combinations

import pandas as pd

from emotion.core.manifest import SPLITS

LEAK_POLICIES = ("drop_from_train", "report", "fail")


def find_conflicts(rows: pd.DataFrame) -> pd.Series:
    """Whether a row's pixels stand under another label too: at most one of the labels is right.

    Args:
        rows: with `sha256` and `label`.
    """
    return rows.groupby("sha256")["label"].transform("nunique") > 1


def count_leaks(rows: pd.DataFrame) -> dict[tuple[str, str], dict[str, int]]:
    """For each pair of splits that occur, what stands in both.

    Args:
        rows: with `split`, `group`, `subject`, `sha256`; splits of any names.

    Returns:
        Pairs such as (train, test) to counts: `groups`, `subjects`, identical `images` in both,
        and `rows`, how many of the first split have a group-mate in the second.
    """
    present = set(rows["split"])
    order = [split for split in SPLITS if split in present] + sorted(present - set(SPLITS))
    parts = {split: rows[rows["split"] == split] for split in order}
    return {
        (first, second): {
            "rows": int(parts[first]["group"].isin(parts[second]["group"]).sum()),
            "groups": _shared(parts[first]["group"], parts[second]["group"]),
            "subjects": _shared(parts[first]["subject"], parts[second]["subject"]),
            "images": _shared(parts[first]["sha256"], parts[second]["sha256"]),
        }
        for first, second in combinations(order, 2)
    }


def find_leaking(rows: pd.DataFrame) -> pd.Series:
    """Whether a row has to go so that no group stands on two sides: never a row of test.

    A row of train goes if its group is in val or test, a row of val if its group is in test.
    """
    groups = {split: rows.loc[rows["split"] == split, "group"] for split in SPLITS}
    in_test = rows["group"].isin(groups["test"])
    in_val = rows["group"].isin(groups["val"][~groups["val"].isin(groups["test"])])
    train, val = rows["split"] == "train", rows["split"] == "val"
    return train & (in_test | in_val) | val & in_test


def _shared(first: pd.Series, second: pd.Series) -> int:
    return len((set(first) & set(second)) - {""})
