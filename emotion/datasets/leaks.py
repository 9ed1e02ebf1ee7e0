"""Leaks: groups in more than one split, and identical pixels with different labels."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from emotion.data.manifest import SPLITS
from emotion.datasets.near_duplicates import Pairs

SplitPair = tuple[str, str]


def find_conflicts(rows: pd.DataFrame) -> pd.Series:
    """Whether a row's pixels also occur with another label, so at most one label is correct.

    Args:
        rows: with `sha256` and `label`.
    """
    return rows.groupby("sha256")["label"].transform("nunique") > 1


def count_leaks(
    rows: pd.DataFrame, order: Sequence[str] = SPLITS
) -> dict[SplitPair, dict[str, int]]:
    """Count what each pair of splits shares.

    Args:
        rows: with `split`, `group`, `subject`, `sha256`; splits may have any names.
        order: of the splits within and among the pairs; other splits follow alphabetically.

    Returns:
        Pairs such as (train, test) to counts of shared `groups`, shared `subjects`, identical
        `images`, and `rows` of the first split whose group is also in the second.
    """
    parts = {split: rows[rows["split"] == split] for split in _in_order(rows["split"], order)}
    return {
        (first, second): {
            "rows": int(parts[first]["group"].isin(parts[second]["group"]).sum()),
            "groups": _count_shared(parts[first]["group"], parts[second]["group"]),
            "subjects": _count_shared(parts[first]["subject"], parts[second]["subject"]),
            "images": _count_shared(parts[first]["sha256"], parts[second]["sha256"]),
        }
        for first, second in combinations(parts, 2)
    }


def count_repeated(
    rows: pd.DataFrame, near: Pairs, order: Sequence[str] = SPLITS
) -> dict[SplitPair, dict[str, int]]:
    """Count the rows of the second split of each pair that also stand in the first.

    A score on the second split is too high by what a model remembers of these rows, so they are
    counted in rows, the unit of the score.

    Args:
        rows: with `split`, `group`, `subject`, `sha256`; all rows that `near` numbers, in order.
        near: near-duplicates, from `group_images`.
        order: as in `count_leaks`.

    Returns:
        The pairs of `count_leaks` to counts. All are of the second split: its rows
        (`second_rows`); those with identical pixels in the first (`second_identical`); those
        without, but whose perceptual hash is near that of a row of the first (`second_near`; a
        common subject or a chain of near-duplicates is not enough); those whose group is in the
        first, for any reason (`second_linked`); those whose subject is in the first
        (`second_subject_rows`); and its subjects (`second_subjects`).
    """
    split = rows["split"].to_numpy()
    table = {}
    for first, second in combinations(_in_order(rows["split"], order), 2):
        in_first, in_second = rows[split == first], rows[split == second]
        identical = in_second["sha256"].isin(in_first["sha256"])
        close = _has_near(near, split == first)[split == second] & ~identical
        subject = in_second["subject"]
        known = subject != ""
        table[first, second] = {
            "second_rows": len(in_second),
            "second_identical": int(identical.sum()),
            "second_near": int(close.sum()),
            "second_linked": int(in_second["group"].isin(in_first["group"]).sum()),
            "second_subject_rows": int((known & subject.isin(in_first["subject"])).sum()),
            "second_subjects": subject[known].nunique(),
        }
    return table


def describe_leak(pair: SplitPair, counts: dict[str, int]) -> list[str]:
    """Say in sentences what leaks between two splits.

    Args:
        pair: names of the two splits.
        counts: of `count_leaks` and `count_repeated`, with at least one shared group.

    Returns:
        The totals, such as `train and test: 2 groups, with 3 train rows and 2 test rows`; then a
        line per kind of leak, such as `288 of 3,589 test rows (8.0 %) stand identically in train`.
    """
    first, second = pair
    rows, people = counts["second_rows"], counts["subjects"]
    lines = [
        f"{first} and {second}: {_count(counts['groups'], 'group')}, with "
        f"{_count(counts['rows'], f'{first} row')} and "
        f"{_count(counts['second_linked'], f'{second} row')}"
    ]
    if identical := counts["second_identical"]:
        verb = "stands" if identical == 1 else "stand"
        lines.append(
            f"{identical:,} of {rows:,} {second} rows {_share(identical, rows)} {verb} identically "
            f"in {first}"
        )
    if near := counts["second_near"]:
        verb = "has" if near == 1 else "have"
        lines.append(
            f"{near:,} of {rows:,} {second} rows {_share(near, rows)} {verb} a near-duplicate in "
            f"{first}, but no identical image"
        )
    if people:
        verb = "stands" if people == 1 else "stand"
        of_people = counts["second_subject_rows"]
        lines.append(
            f"{people:,} of {counts['second_subjects']:,} people of {second} also {verb} in "
            f"{first}, with {of_people:,} of its {rows:,} rows {_share(of_people, rows)}"
        )
    return lines


def find_leaking(rows: pd.DataFrame) -> pd.Series:
    """Rows to drop so that no group is in two splits; never a row of test.

    A row of train is dropped if its group is in val or test, a row of val if its group is in test.
    """
    groups = {split: rows.loc[rows["split"] == split, "group"] for split in SPLITS}
    in_test = rows["group"].isin(groups["test"])
    in_val = rows["group"].isin(groups["val"][~groups["val"].isin(groups["test"])])
    train, val = rows["split"] == "train", rows["split"] == "val"
    return train & (in_test | in_val) | val & in_test


def _in_order(splits: pd.Series, order: Sequence[str]) -> list[str]:
    present = set(splits)
    return [split for split in order if split in present] + sorted(present - set(order))


def _has_near(near: Pairs, wanted: np.ndarray) -> np.ndarray:
    """Whether the perceptual hash of each row is near that of a wanted row, or equal to it.

    Args:
        near: pairs by row number; rows of one hash are chained, and one row stands for them.
        wanted: bool (N,).
    """
    equal = near.distance == 0
    links = np.ones(equal.sum(), dtype=np.int8), (near.first[equal], near.second[equal])
    graph = sparse.coo_array(links, (len(wanted), len(wanted)))
    _, code = connected_components(graph, directed=False)  # of each row's hash
    held = np.bincount(code, weights=wanted) > 0
    reached = held.copy()
    first, second = code[near.first[~equal]], code[near.second[~equal]]
    reached[first[held[second]]] = True
    reached[second[held[first]]] = True
    return np.asarray(reached[code])


def _count_shared(first: pd.Series, second: pd.Series) -> int:
    return len((set(first) & set(second)) - {""})


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _share(part: int, total: int) -> str:
    return f"({100 * part / total:.1f} %)"
