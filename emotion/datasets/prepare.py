"""Prepare the splits: from the corpus on disk to the manifest of train, val and test.

The steps are read, inspect, group, split. Defective images are rejected before they can join a
group, and splits made here never share a group. An existing split of the corpus is kept; what leaks
across it is dropped from train or val, never from test.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from emotion.core.errors import UserError
from emotion.data.manifest import SPLITS
from emotion.datasets import leaks, splits
from emotion.datasets.groups import group_images
from emotion.datasets.inspection import Finding, inspect_images
from emotion.datasets.near_duplicates import Pairs
from emotion.datasets.params import DataParams
from emotion.datasets.reader import order_classes, read_corpus
from emotion.datasets.rejected import (
    COLUMNS,
    CONFLICT,
    HELD_OUT_SYNTHETIC,
    LEAK,
    TOO_MUCH_SYNTHETIC,
    count_reasons,
    list_rejected,
    refuse_too_many,
)
from emotion.datasets.synthetic import exceeds_share, lies_in_synthetic_folder, stays_in_train
from emotion.datasets.unpack import restoring_after_failure, unpack_images

Leaks = dict[tuple[str, str], dict[str, int]]  # of count_leaks


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Result of preparing a corpus."""

    rows: pd.DataFrame  # the manifest of all splits
    rejected: pd.DataFrame  # columns of rejected.py
    label_map: dict[str, int]
    usable: pd.DataFrame  # readable rows before any was dropped, with `group` and `mode`
    near: Pairs  # near-duplicates among the usable rows, by row number
    leaks: Leaks  # of the existing split; {} if the corpus has none


def prepare(params: DataParams, unpacked: Path, workers: int | None = None) -> Prepared:
    """Read, check, group and split a corpus.

    Args:
        params: the `data` section.
        unpacked: folder for images that the corpus stores inside a table.
        workers: processes for the inspection; None means one per core.

    Raises:
        UserError: from `read_corpus`, `refuse_too_many` and `split_rows`; or the existing split
            leaks and data.leak_policy is fail.
    """
    with restoring_after_failure(unpacked):
        return _prepare(unpack_images(read_corpus(params), unpacked), params, workers)


def _prepare(rows: pd.DataFrame, params: DataParams, workers: int | None) -> Prepared:
    brought = set(rows["split"])
    rows, bad = _inspect(rows, params.min_size, workers)
    refuse_too_many(bad, len(rows) + len(bad), params.max_rejected)
    # From here on, results depend on the set of rows, not on their order in the corpus.
    rows = rows.sort_values(["path", "split", "label"], ignore_index=True)
    grouping = group_images(rows, params.near_duplicate_bits)
    in_folder = lies_in_synthetic_folder(rows["path"], params.root)
    usable = rows.drop(columns="phash").assign(
        group=grouping.names, synthetic=rows["synthetic"] | grouping.is_copy | in_folder
    )

    rows, conflicts = _drop_conflicts(usable.drop(columns="mode"))
    if rows.empty:
        raise UserError(
            f"no image of data.root {params.root!r} is left: {count_reasons([bad, conflicts])}; "
            "correct their labels, or choose another rule for votes with data.votes in params.yaml."
        )
    found = leaks.count_leaks(rows) if (rows["split"] != "").all() else {}
    label_map = order_classes(rows["label"], params)
    rows, leaking = _drop_leaks(rows, found, params.leak_policy)
    emptied = sorted(brought - set(rows["split"]))
    if emptied:
        raise UserError(
            f"of the existing split of the corpus, nothing is left of {' and '.join(emptied)}: "
            f"{count_reasons([bad, conflicts, leaking])}; correct the split, or set "
            "data.leak_policy in params.yaml to report, which keeps rows that leak."
        )
    rows, synthetic = _split(rows, params)
    return Prepared(
        rows=rows,
        rejected=pd.concat([bad, conflicts, leaking, synthetic], ignore_index=True),
        label_map=label_map,
        usable=usable,
        near=grouping.near,
        leaks=found,
    )


def _inspect(
    rows: pd.DataFrame, min_size: int, workers: int | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Usable rows with the findings on their images, and rejected rows."""
    to_open = rows["problem"] == ""
    findings = inspect_images(rows.loc[to_open, "path"].tolist(), min_size, workers)
    found = pd.DataFrame(findings, columns=Finding._fields, index=rows.index[to_open])
    problem = rows["problem"].mask(to_open, found["reason"])
    bad = problem != ""
    rejected = rows.loc[bad, ["path", "label", "detail"]].assign(reason=problem[bad])
    # Joined to the usable rows only: a row without finding would turn whole numbers into floats.
    usable = rows[~bad].drop(columns=["problem", "detail"]).join(found.drop(columns="reason"))
    return usable, rejected[list(COLUMNS)]


def _drop_conflicts(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    conflict = leaks.find_conflicts(rows)
    dropped = rows[conflict]
    labels_of = {
        pixels: f"labeled {', '.join(sorted(set(names)))}"
        for pixels, names in dropped.groupby("sha256")["label"]
    }
    detail = [labels_of[pixels] for pixels in dropped["sha256"]]
    return rows[~conflict], list_rejected(dropped, CONFLICT, detail)


def _drop_leaks(rows: pd.DataFrame, found: Leaks, policy: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    leaky = [pair for pair, counts in found.items() if counts["groups"]]
    if leaky and policy == "fail":
        pairs = ", ".join(
            f"{' and '.join(pair)} ({found[pair]['groups']:,} groups)" for pair in leaky
        )
        raise UserError(
            f"the existing split of the corpus leaks between {pairs}; a group is one person, or "
            "one image with its copies. Correct the split, or set data.leak_policy to "
            "drop_from_train or report."
        )
    leaking = leaks.find_leaking(rows)
    if policy == "report" or not found:
        leaking &= False
    detail = [f"group {group}" for group in rows.loc[leaking, "group"]]
    return rows[~leaking], list_rejected(rows[leaking], LEAK, detail)


def _split(rows: pd.DataFrame, params: DataParams) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split the real rows, then add synthetic rows to train; the others are rejected."""
    made = rows["synthetic"] & (not rows["synthetic"].all())
    only_made = sorted(set(rows.loc[made, "label"]) - set(rows.loc[~made, "label"]))
    if only_made:
        raise UserError(
            f"the corpus has photographs, but of {', '.join(map(repr, only_made))} only synthetic "
            "or augmented images, which may not be in val and test; add photographs, or list the "
            "other classes in data.classes."
        )
    real = splits.split_rows(
        rows[~made],
        val_fraction=params.val_fraction,
        test_fraction=params.test_fraction,
        seed=params.split_seed,
    )
    added = stays_in_train(rows[made], real) & rows.loc[made, "split"].isin(["", "train"])
    assigned = pd.concat([real, rows[made][added].assign(split="train")])
    assigned = assigned.sort_values(["path", "split"], ignore_index=True)
    over = exceeds_share(assigned, params.synthetic_max_fraction) & bool(made.any())
    rejected = [
        list_rejected(rows[made][~added], HELD_OUT_SYNTHETIC),
        list_rejected(assigned[over], TOO_MUCH_SYNTHETIC),
    ]
    assert set(assigned["split"]) <= set(SPLITS)
    return assigned[~over].reset_index(drop=True), pd.concat(rejected)
