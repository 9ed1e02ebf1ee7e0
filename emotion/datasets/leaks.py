"""Leaks: groups in more than one split, and identical pixels with different labels."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from emotion.core.reports import Counts
from emotion.core.text import counted
from emotion.data.manifest import SPLITS
from emotion.datasets.near_duplicates import Pairs

SplitPair = tuple[str, str]


def find_conflicts(rows: pd.DataFrame) -> pd.Series:
    """Whether a row's pixels also occur with another label, so at most one label is correct.

    Args:
        rows: with `sha256` and `label`.

    Returns:
        bool, with the index of `rows`.
    """
    return rows.groupby("sha256")["label"].transform("nunique") > 1


def count_leaks(
    rows: pd.DataFrame, near: Pairs, order: Sequence[str] = SPLITS
) -> dict[SplitPair, Counts]:
    """Count what each pair of splits shares.

    A score on the second split of a pair is too high by what a model remembers of the first, so the
    counts that start with `second_` are in rows of the second, the unit of the score.

    Args:
        rows: with `split`, `group`, `subject`, `sha256`; splits may have any names. All rows that
            `near` numbers, in order.
        near: near-duplicates, from `group_images`.
        order: of the splits within and among the pairs; other splits follow alphabetically.

    Returns:
        Pairs such as (train, test) to counts:

        groups, subjects, images   in both splits; images by identical pixels
        rows                       of the first whose group is in the second
        second_rows                all rows of the second
        second_identical           with identical pixels in the first
        second_near                without, but whose perceptual hash is near that of a row of the
                                   first, mirrored and turned copies included (a common subject or
                                   a chain of near-duplicates is not enough)
        second_linked              whose group is in the first, for any reason
        second_subject_rows        whose subject is in the first
        second_subjects            subjects of the second
    """
    split = rows["split"].to_numpy()
    present = set(split)
    names = [name for name in order if name in present] + sorted(present - set(order))
    parts = {name: rows[split == name] for name in names}
    near_to = {name: _is_near(near, split == name) for name in names[:-1]}
    return {
        (one, other): _count_pair(parts[one], parts[other], near_to[one][split == other])
        for one, other in combinations(names, 2)
    }


def _count_pair(first: pd.DataFrame, second: pd.DataFrame, near: np.ndarray) -> Counts:
    """The counts of `count_leaks`; `near`, bool, are the rows of `second` near one of `first`."""
    identical = second["sha256"].isin(first["sha256"])
    subject = second["subject"]
    known = subject != ""
    return {
        "rows": int(first["group"].isin(second["group"]).sum()),
        "groups": _count_shared(first["group"], second["group"]),
        "subjects": _count_shared(first["subject"], subject),
        "images": _count_shared(first["sha256"], second["sha256"]),
        "second_rows": len(second),
        "second_identical": int(identical.sum()),
        "second_near": int((near & ~identical).sum()),
        "second_linked": int(second["group"].isin(first["group"]).sum()),
        "second_subject_rows": int((known & subject.isin(first["subject"])).sum()),
        "second_subjects": subject[known].nunique(),
    }


def describe_leak(pair: SplitPair, counts: Counts) -> list[str]:
    """Describe in sentences what leaks between two splits.

    Args:
        pair: names of the two splits.
        counts: of `count_leaks`, with at least one shared group.

    Returns:
        The totals, such as `train and test: 2 groups, with 3 train rows and 2 test rows`; then one
        line per kind of leak, such as `288 of 3,589 test rows (8.0 %) also occur in train, pixel
        for pixel`.
    """
    first, second = pair
    rows, people = counts["second_rows"], counts["subjects"]
    lines = [
        f"{first} and {second}: {counted(counts['groups'], 'group')}, with "
        f"{counted(counts['rows'], f'{first} row')} and "
        f"{counted(counts['second_linked'], f'{second} row')}"
    ]
    for kind, singular, plural, what in (
        ("identical", "also occurs", "also occur", f"in {first}, pixel for pixel"),
        ("near", "has", "have", f"a near-duplicate in {first}, but no identical image"),
    ):
        if part := counts[f"second_{kind}"]:
            verb = singular if part == 1 else plural
            lines.append(f"{part:,} of {rows:,} {second} rows {_share(part, rows)} {verb} {what}")
    if people:
        verb = "is" if people == 1 else "are"
        of_people = counts["second_subject_rows"]
        lines.append(
            f"{people:,} of {counts['second_subjects']:,} people of {second} {verb} also in "
            f"{first}, with {of_people:,} of its {rows:,} rows {_share(of_people, rows)}"
        )
    return lines


def find_leaking(rows: pd.DataFrame) -> pd.Series:
    """Rows to drop so that no group is in two splits; never a row of test.

    A row of train is dropped if its group is in val or test, a row of val if its group is in test.

    Args:
        rows: with `split` and `group`. Rows of other splits than SPLITS are kept.

    Returns:
        bool, with the index of `rows`.
    """
    groups = {split: rows.loc[rows["split"] == split, "group"] for split in SPLITS}
    in_test = rows["group"].isin(groups["test"])
    in_val = rows["group"].isin(groups["val"][~groups["val"].isin(groups["test"])])
    train, val = rows["split"] == "train", rows["split"] == "val"
    return train & (in_test | in_val) | val & in_test


def _is_near(near: Pairs, targets: np.ndarray) -> np.ndarray:
    """Whether the perceptual hash of each row is near that of a target row, or equal to it.

    Hashes that a transform makes equal count as equal: they are near the same hashes.

    Args:
        near: pairs by row number; rows of one hash are chained, and one of them represents all.
        targets: bool (N,).

    Returns:
        bool (N,).
    """
    equal = near.distance == 0
    links = np.ones(equal.sum(), dtype=np.int8), (near.first[equal], near.second[equal])
    graph = sparse.coo_array(links, (len(targets), len(targets)))
    _, code = connected_components(graph, directed=False)  # of each row's hash
    held = np.bincount(code, weights=targets) > 0
    reached = held.copy()
    first, second = code[near.first[~equal]], code[near.second[~equal]]
    reached[first[held[second]]] = True
    reached[second[held[first]]] = True
    return np.asarray(reached[code])


def _count_shared(first: pd.Series, second: pd.Series) -> int:
    return len((set(first) & set(second)) - {""})


def _share(part: int, total: int) -> str:
    return f"({100 * part / total:.1f} %)"
