"""Train, val and test so that no group stands on two sides.

A group is what `emotion.grouping` joins: one person, or one image with its copies. Groups are
dealt out so that every class has about the same shares everywhere. A split that the corpus brings
is kept, because published figures refer to it.

The result depends on the set of rows and the seed, never on the order of the rows.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from emotion.core.errors import UserError
from emotion.core.manifest import SPLITS
from emotion.core.seeding import derive_seed

_CURE = "add images, or leave the class out with data.classes in params.yaml"


def split_rows(
    rows: pd.DataFrame, *, val_fraction: float, test_fraction: float, seed: int
) -> pd.DataFrame:
    """Give every row a split.

    Args:
        rows: with `path, label, split, group`; `split` is "" in every row, or the corpus's own.
            Where that has no val, val is taken from train, in the proportion of val to train that
            a split made here would have.
        val_fraction: share of the rows, between 0 and 1.
        test_fraction: likewise; train is the rest.
        seed: of the split alone.

    Returns:
        The rows sorted by path, with `split` filled.

    Raises:
        UserError: a class that does not stand in all three splits, or an incomplete own split.
    """
    rows = rows.sort_values("path", ignore_index=True)
    given = set(rows["split"])
    if given == {""}:
        train_fraction = 1 - val_fraction - test_fraction
        fractions = dict(zip(SPLITS, (train_fraction, val_fraction, test_fraction), strict=True))
        rows["split"] = deal_groups(rows, fractions, seed)
    elif given == {"train", "test"}:
        share = val_fraction / (1 - test_fraction)
        train = rows["split"] == "train"
        rows.loc[train, "split"] = deal_groups(
            rows[train], {"train": 1 - share, "val": share}, seed
        )
    elif given != set(SPLITS):
        raise UserError(
            f"the corpus brings its own split, but only {' and '.join(sorted(given))}. It needs "
            "train and test (val is then taken from train) or all three: rename a split, or "
            "remove them altogether and let one be made."
        )
    _refuse_absent_classes(rows)
    return rows


def deal_groups(rows: pd.DataFrame, fractions: Mapping[str, float], seed: int) -> np.ndarray:
    """Deal whole groups to splits, each class in the same shares as far as groups allow.

    Groups of several rows go first, the largest first, each to the split where it brings the
    class counts nearest to their quotas; then single rows, class by class, fill what is left of
    the quotas. Work is linear in the rows, apart from sorting.

    Args:
        rows: with `label` and `group`.
        fractions: split name to share; they sum to 1.
        seed: breaks ties, by hash of seed and group name.

    Returns:
        Split name of each row.

    Raises:
        UserError: a class has fewer groups than splits, or no dealing serves all classes.
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
    side_of = np.empty(len(groups), dtype=np.int64)
    several = order[sizes[order] > 1]
    side_of[several] = _deal_large(counts[several], quotas)
    left = quotas - _totals(counts[several], side_of[several], len(fractions))
    for index, singles in enumerate(_by_class(counts, order[sizes[order] == 1])):
        shares = _round_shares(left[index], len(singles))
        side_of[singles] = np.repeat(np.arange(len(fractions)), shares)
    side_of = _mend_absences(counts, side_of, len(fractions), list(classes))
    return np.array(list(fractions))[side_of[group_of]]


def _deal_large(counts: np.ndarray, quotas: np.ndarray) -> np.ndarray:
    """Side of each group in turn, where sum((dealt - quota)^2 / quota) grows least.

    Args:
        counts: (groups, classes) rows, in the order of dealing.
        quotas: (classes, splits) rows wanted.
    """
    dealt = np.zeros_like(quotas)
    sides = np.empty(len(counts), dtype=np.int64)
    for index, count in enumerate(counts[:, :, None]):
        growth = count * (2 * (dealt - quotas) + count) / quotas
        side = growth.sum(axis=0).argmin()
        dealt[:, side] += count[:, 0]
        sides[index] = side
    return sides


def _by_class(counts: np.ndarray, singles: np.ndarray) -> list[np.ndarray]:
    class_of = counts[singles].argmax(axis=1)
    return [singles[class_of == index] for index in range(counts.shape[1])]


def _round_shares(left: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers that sum to `total`, in proportion to what is left (largest remainders)."""
    wanted = left.clip(min=0)
    if not total or not wanted.any():
        wanted = np.ones_like(wanted)
    wanted = wanted * total / wanted.sum()
    shares = np.floor(wanted).astype(np.int64)
    missing = total - shares.sum()
    shares[np.argsort(shares - wanted, kind="stable")[:missing]] += 1
    return shares


def _totals(counts: np.ndarray, side_of: np.ndarray, splits: int) -> np.ndarray:
    """Rows of each class (axis 0) on each side (axis 1)."""
    return np.stack([counts[side_of == side].sum(axis=0) for side in range(splits)], axis=1)


def _mend_absences(
    counts: np.ndarray, side_of: np.ndarray, splits: int, classes: list[str]
) -> np.ndarray:
    """Move as few rows as possible so that every class stands on every side.

    The smallest change is an integer programme, tried first on the groups of the absent classes
    alone: there are few of those, or the class would not be absent.
    """
    absent = (_totals(counts, side_of, splits) == 0).any(axis=1)
    if not absent.any():
        return side_of
    for movable in ((counts[:, absent] > 0).any(axis=1), np.ones(len(counts), dtype=bool)):
        fixed = _totals(counts[~movable], side_of[~movable], splits) > 0
        moved = _move_least(counts[movable], side_of[movable], fixed)
        if moved is not None:
            side_of = side_of.copy()
            side_of[movable] = moved
            return side_of
    names = ", ".join(name for name, is_absent in zip(classes, absent, strict=True) if is_absent)
    raise UserError(
        f"no split puts every class on every side without tearing a subject apart: {names} come "
        f"from too few of the same people; {_CURE}."
    )


def _move_least(counts: np.ndarray, side_of: np.ndarray, fixed: np.ndarray) -> np.ndarray | None:
    """New sides for these groups, or None if none will do.

    Args:
        counts: (groups, classes) rows.
        side_of: the present side of each group.
        fixed: (classes, splits) whether other groups already put the class there.
    """
    groups, splits = len(counts), fixed.shape[1]
    stays = np.eye(splits)[side_of]
    cost = counts.sum(axis=1, keepdims=True) * (1 - stays)
    one_side = sparse.kron(sparse.eye_array(groups), np.ones((1, splits)))
    holds = sparse.kron(sparse.csr_array((counts > 0).T.astype(float)), sparse.eye_array(splits))
    result = milp(
        cost.ravel(),
        integrality=np.ones(cost.size),
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(one_side.tocsr(), 1, 1),
            LinearConstraint(holds.tocsr(), 1.0 - fixed.ravel(), np.inf),
        ],
    )
    return result.x.reshape(groups, splits).argmax(axis=1) if result.success else None


def _refuse_rare_classes(counts: np.ndarray, classes: list[str], splits: list[str]) -> None:
    problems = [
        f"class {name!r} has {images} images in {groups} group{'' if groups == 1 else 's'}"
        for name, images, groups in zip(
            classes, counts.sum(axis=0), (counts > 0).sum(axis=0), strict=True
        )
        if groups < len(splits)
    ]
    if problems:
        raise UserError(
            f"{', '.join(problems)} (a group is one person, or identical files), but needs at "
            f"least {len(splits)} groups to stand in {', '.join(splits)}: {_CURE}."
        )


def _refuse_absent_classes(rows: pd.DataFrame) -> None:
    table = pd.crosstab(rows["label"], rows["split"]).reindex(columns=list(SPLITS), fill_value=0)
    problems = [
        f"class {label!r} has {counts.sum()} images, none of them in "
        f"{' and '.join(counts.index[counts == 0])}"
        for label, counts in table.iterrows()
        if (counts == 0).any()
    ]
    if problems:
        raise UserError(f"in the corpus's own split {'; '.join(problems)}: {_CURE}.")
