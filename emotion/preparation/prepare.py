"""The stage `prepare_splits` from the corpus on disk to the manifest of three splits.

Read, inspect, group, then part: what is wrong with an image is found before it can join a group,
and no group is on two sides of a split made here. A split that the corpus brings is kept, and what
leaks across it is removed from the side that learns, never from test.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from emotion import splits
from emotion.core.errors import UserError
from emotion.core.manifest import SPLITS
from emotion.datasets.corpus import DataParams, order_classes, read_corpus
from emotion.datasets.unpack import unpack_images
from emotion.grouping import leaks
from emotion.grouping.augmented_names import name_originals
from emotion.grouping.groups import name_groups
from emotion.grouping.near_duplicates import Pairs, find_near_pairs
from emotion.inspection.fingerprints import HASH_BYTES
from emotion.inspection.images import inspect_images
from emotion.preparation import rejected as turned_away
from emotion.preparation.synthetic import (
    exceeds_share,
    lies_in_synthetic_folder,
    stays_in_train,
)

Leaks = dict[tuple[str, str], dict[str, int]]  # of count_leaks


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What became of a corpus."""

    rows: pd.DataFrame  # the manifest of all splits, and `mode`
    rejected: pd.DataFrame  # columns of rejected.py
    label_map: dict[str, int]
    usable: pd.DataFrame  # rows that could be read, before any was dropped, with `group`
    near: Pairs  # near-duplicates among them, by row number
    leaks: Leaks  # of the split that the corpus brought; {} if it brought none


def prepare(params: DataParams, unpacked: Path, workers: int | None = None) -> Prepared:
    """Read, check, group and split a corpus.

    Args:
        params: the `data` section.
        unpacked: folder for images that the corpus keeps inside a table.
        workers: processes that inspect images; None takes one a core.

    Raises:
        UserError: what `read_corpus`, `refuse_too_many` and `split_rows` raise; leaks, where the
            policy is to fail.
    """
    rows = unpack_images(read_corpus(params), unpacked)
    rows, bad = _inspect(rows, params.min_size, workers)
    turned_away.refuse_too_many(bad, len(rows) + len(bad), params.max_rejected)
    # Everything after this line is decided by the set of rows, not by the order they came in.
    rows = rows.sort_values(["path", "split", "label"], ignore_index=True)
    near = _near_pairs(rows, params.near_duplicate_bits)
    copies, originals = name_originals(rows["path"], rows["label"])
    made = rows["synthetic"] | copies | lies_in_synthetic_folder(rows["path"], params.root)
    usable = rows.assign(group=name_groups(rows, near, originals), synthetic=made)

    rows, conflicts = _drop_conflicts(usable)
    found = leaks.count_leaks(rows) if (rows["split"] != "").all() else {}
    label_map = order_classes(rows["label"], params)
    rows, leaking = _mend_leaks(rows, found, params.leak_policy)
    rows, synthetic = _split(rows, params)
    return Prepared(
        rows=rows,
        rejected=pd.concat([bad, conflicts, leaking, synthetic], ignore_index=True),
        label_map=label_map,
        usable=usable,
        near=near,
        leaks=found,
    )


def _inspect(
    rows: pd.DataFrame, min_size: int, workers: int | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows that can be used, with what was found in their images; and the others."""
    to_open = rows["problem"] == ""
    findings = inspect_images(rows.loc[to_open, "path"].tolist(), min_size, workers)
    found = pd.DataFrame(findings, index=rows.index[to_open])
    problem = rows["problem"].mask(to_open, found["reason"] if len(found) else "")
    bad = problem != ""
    listed = rows.loc[bad, ["path", "label", "detail"]].assign(reason=problem[bad])
    kept = rows.drop(columns=["problem", "detail"]).join(found.drop(columns="reason"))[~bad]
    return kept, listed[list(turned_away.COLUMNS)]


def _near_pairs(rows: pd.DataFrame, bits: int) -> Pairs:
    hashes = np.frombuffer(b"".join(rows.pop("looks")), dtype=np.uint8)
    return find_near_pairs(hashes.reshape(-1, HASH_BYTES), bits)


def _drop_conflicts(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    conflict = leaks.find_conflicts(rows)
    dropped = rows[conflict]
    said = {
        pixels: f"labeled {', '.join(sorted(set(names)))}"
        for pixels, names in dropped.groupby("sha256")["label"]
    }
    detail = [said[pixels] for pixels in dropped["sha256"]]
    listed = turned_away.list_rejected(dropped, turned_away.CONFLICT, detail)
    return rows[~conflict], listed


def _mend_leaks(rows: pd.DataFrame, found: Leaks, policy: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    crossing = [pair for pair, counts in found.items() if counts["groups"]]
    if crossing and policy == "fail":
        pairs = ", ".join(
            f"{' and '.join(pair)} ({found[pair]['groups']:,} groups)" for pair in crossing
        )
        raise UserError(
            f"the corpus's own split leaks between {pairs}; a group is one person, or one image "
            "with its copies. Mend the split, or set data.leak_policy to drop_from_train or report."
        )
    leaking = leaks.find_leaking(rows)
    if policy == "report" or not found:
        leaking &= False
    detail = [f"group {group}" for group in rows.loc[leaking, "group"]]
    listed = turned_away.list_rejected(rows[leaking], turned_away.LEAK, detail)
    return rows[~leaking], listed


def _split(rows: pd.DataFrame, params: DataParams) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Deal the real rows, then let the synthetic ones join train; and those that may not."""
    made = rows["synthetic"] & (not rows["synthetic"].all())
    real = splits.split_rows(
        rows[~made],
        val_fraction=params.val_fraction,
        test_fraction=params.test_fraction,
        seed=params.split_seed,
    )
    joins = stays_in_train(rows[made], real) & rows.loc[made, "split"].isin(["", "train"])
    dealt = pd.concat([real, rows[made][joins].assign(split="train")])
    dealt = dealt.sort_values(["path", "split"], ignore_index=True)
    over = exceeds_share(dealt, params.synthetic_max_fraction) & bool(made.any())
    listed = [
        turned_away.list_rejected(rows[made][~joins], turned_away.HELD_OUT_SYNTHETIC),
        turned_away.list_rejected(dealt[over], turned_away.TOO_MUCH_SYNTHETIC),
    ]
    assert set(dealt["split"]) <= set(SPLITS)
    return dealt[~over].reset_index(drop=True), pd.concat(listed)
