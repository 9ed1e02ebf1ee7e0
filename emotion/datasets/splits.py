"""Assign rows to train, val and test so that no group is in two splits.

A group comes from `emotion.datasets.groups`: one person, or one image with its copies. Groups are
assigned so that the shares of the splits are about the same in every class. An existing split of
the dataset is kept, because published results refer to it.

The result depends on the set of rows and the seed, not on the order of the rows.

scikit-learn's StratifiedGroupKFold is not used. Its folds are 1/k each, so 15 % would be 3 of 20
folds; it does not ensure that every class is in every fold; and it tries every fold for every
group, which with 20 folds takes 50 times as long (measured on 6,000 rows).
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from emotion.core.errors import UserError
from emotion.core.seeding import derive_seed
from emotion.data.manifest import SPLITS

_HINT = "add images, or leave the class out with data.classes in params.yaml"


def count_by_split(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Count the rows of each value of a column and each split.

    Args:
        rows: with `split`, one of SPLITS, and the column.
        column: text.

    Returns:
        Integers; the index has the values, sorted, and the columns are SPLITS.
    """
    return pd.crosstab(rows[column], rows["split"]).reindex(columns=list(SPLITS), fill_value=0)


def split_rows(
    rows: pd.DataFrame, *, val_fraction: float, test_fraction: float, seed: int
) -> pd.DataFrame:
    """Assign a split to every row.

    Args:
        rows: with `path, label, split, group`; `split` is "" in every row, or the existing split
            of the dataset. If that has no val, val is taken from train, in the proportion of val
            to train that a split made here would have. Not changed.
        val_fraction: share of the rows, between 0 and 1.
        test_fraction: likewise; train is the rest.
        seed: of the split only.

    Returns:
        The rows sorted by path, with `split` filled.

    Raises:
        UserError: a class is missing in a split, or the existing split is incomplete.
    """
    rows = rows.sort_values("path", kind="stable", ignore_index=True)  # faces keep order
    existing = set(rows["split"])
    if existing == {""}:
        train = 1 - val_fraction - test_fraction
        fractions = {"train": train, "val": val_fraction, "test": test_fraction}
        rows["split"] = assign_groups(rows, fractions, seed)
    elif existing == {"train", "test"}:
        share = val_fraction / (1 - test_fraction)
        in_train = rows["split"] == "train"
        fractions = {"train": 1 - share, "val": share}
        rows.loc[in_train, "split"] = assign_groups(rows[in_train], fractions, seed)
    elif existing != set(SPLITS):
        raise UserError(
            f"the existing split of the dataset has only {' and '.join(sorted(existing))}, but "
            "should have train and test (val is then taken from train), or all three",
            "rename a split, or remove the split from all rows, so that prepare_splits makes one",
        )
    _refuse_missing_classes(rows)
    return rows


def assign_groups(rows: pd.DataFrame, fractions: Mapping[str, float], seed: int) -> np.ndarray:
    """Assign whole groups to splits, with the same shares in each class as far as groups allow.

    Groups of several rows are assigned first, the largest first, each to the split in which it
    brings the class counts closest to their quotas. Single rows then fill the remaining quotas,
    class by class. The time is linear in the number of rows, apart from sorting.

    Args:
        rows: with `label` and `group`.
        fractions: split name to share; the shares sum to 1.
        seed: breaks ties, by hash of seed and group name.

    Returns:
        Split name of each row, text (N,).

    Raises:
        UserError: a class has fewer groups than splits, or no assignment has every class in every
            split.
    """
    group_of, groups = pd.factorize(rows["group"], sort=True)
    class_of, classes = pd.factorize(rows["label"], sort=True)
    cells = np.bincount(group_of * len(classes) + class_of, minlength=len(groups) * len(classes))
    counts = cells.reshape(len(groups), len(classes))
    _refuse_rare_classes(counts, list(classes), list(fractions))

    sizes = counts.sum(axis=1)
    keys = np.array([derive_seed(seed, group) for group in groups])
    order = np.lexsort([keys, -sizes])
    quotas = np.outer(counts.sum(axis=0), list(fractions.values()))
    split_of = np.empty(len(groups), dtype=np.int64)
    large = order[sizes[order] > 1]
    split_of[large] = _assign_large_groups(counts[large], quotas)
    remaining = quotas - _totals(counts[large], split_of[large], len(fractions))
    single = order[sizes[order] == 1]
    for index, quota in enumerate(remaining):
        of_class = single[counts[single, index] == 1]
        shares = _round_shares(quota, len(of_class))
        split_of[of_class] = np.repeat(np.arange(len(fractions)), shares)
    split_of = _repair_missing_classes(counts, split_of, len(fractions), list(classes))
    return np.array(list(fractions))[split_of[group_of]]


def _assign_large_groups(counts: np.ndarray, quotas: np.ndarray) -> np.ndarray:
    """Assign each group in turn to the split where sum((filled - quota)^2 / quota) grows least.

    Args:
        counts: (groups, classes) numbers of rows, in the order of assignment.
        quotas: (classes, splits) target numbers of rows.

    Returns:
        Split index of each group.
    """
    filled = np.zeros_like(quotas)
    split_of = np.empty(len(counts), dtype=np.int64)
    for index, count in enumerate(counts[:, :, None]):
        growth = count * (2 * (filled - quotas) + count) / quotas
        split = growth.sum(axis=0).argmin()
        filled[:, split] += count[:, 0]
        split_of[index] = split
    return split_of


def _round_shares(remaining: np.ndarray, total: int) -> np.ndarray:
    """Integers that sum to `total`, proportional to the remaining quotas (largest remainders)."""
    targets = remaining.clip(min=0)
    if not total or not targets.any():
        targets = np.ones_like(targets)
    targets = targets * total / targets.sum()
    shares: np.ndarray = np.floor(targets).astype(np.int64)
    missing = total - shares.sum()
    shares[np.argsort(shares - targets, kind="stable")[:missing]] += 1
    return shares


def _totals(counts: np.ndarray, split_of: np.ndarray, splits: int) -> np.ndarray:
    """Number of rows per class (axis 0) and split (axis 1)."""
    return np.stack([counts[split_of == split].sum(axis=0) for split in range(splits)], axis=1)


def _repair_missing_classes(
    counts: np.ndarray, split_of: np.ndarray, splits: int, classes: list[str]
) -> np.ndarray:
    """Move as few rows as possible so that every class is in every split.

    The smallest change is the solution of an integer program. It is first tried with only the
    groups of the missing classes, which are few, because otherwise the class would not be missing.
    """
    missing = (_totals(counts, split_of, splits) == 0).any(axis=1)
    if not missing.any():
        return split_of
    for movable in ((counts[:, missing] > 0).any(axis=1), np.ones(len(counts), dtype=bool)):
        fixed = _totals(counts[~movable], split_of[~movable], splits) > 0
        moved = _move_fewest_rows(counts[movable], split_of[movable], fixed)
        if moved is not None:
            split_of = split_of.copy()
            split_of[movable] = moved
            return split_of
    names = ", ".join(np.array(classes)[missing])
    raise UserError(
        "no assignment has every class in every split without dividing a group (one person, or "
        f"one image with its copies): {names} come from too few of the same groups",
        _HINT,
    )


def _move_fewest_rows(
    counts: np.ndarray, split_of: np.ndarray, fixed: np.ndarray
) -> np.ndarray | None:
    """Compute new splits of these groups, or None if there is no solution.

    Args:
        counts: (groups, classes) numbers of rows.
        split_of: present split of each group.
        fixed: (classes, splits) whether other groups of the class are already in the split.
    """
    groups, splits = len(counts), fixed.shape[1]
    stays = np.eye(splits)[split_of]
    cost = counts.sum(axis=1, keepdims=True) * (1 - stays)
    one_split = sparse.kron(sparse.eye_array(groups), np.ones((1, splits)))
    holds = sparse.kron(sparse.csr_array((counts > 0).T.astype(float)), sparse.eye_array(splits))
    result = milp(
        cost.ravel(),
        integrality=np.ones(cost.size),
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(one_split.tocsr(), 1, 1),
            LinearConstraint(holds.tocsr(), 1.0 - fixed.ravel(), np.inf),
        ],
    )
    return result.x.reshape(groups, splits).argmax(axis=1) if result.success else None


def _refuse_rare_classes(counts: np.ndarray, classes: list[str], splits: list[str]) -> None:
    sizes = zip(classes, counts.sum(axis=0), (counts > 0).sum(axis=0), strict=True)
    problems = [
        f"class {name!r} has {images} images in {groups} group{'' if groups == 1 else 's'}"
        for name, images, groups in sizes
        if groups < len(splits)
    ]
    if problems:
        raise UserError(
            f"{', '.join(problems)} (a group is one person, or one image with its copies), but "
            f"needs at least {len(splits)} groups to be in {', '.join(splits)}",
            _HINT,
        )


def _refuse_missing_classes(rows: pd.DataFrame) -> None:
    problems = [
        f"class {label!r} has {counts.sum()} images, none of them in "
        f"{' and '.join(counts.index[counts == 0])}"
        for label, counts in count_by_split(rows, "label").iterrows()
        if (counts == 0).any()
    ]
    if problems:
        raise UserError(f"in the existing split of the dataset, {'; '.join(problems)}", _HINT)
