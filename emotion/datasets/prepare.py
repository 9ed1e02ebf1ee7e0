"""Prepare the splits: from the dataset on disk to the manifest of train, val and test.

The steps are read, inspect, choose faces, group, split. Defective images are rejected before they
can join a group, and splits made here never share a group. An existing split of the dataset is
kept; what leaks across it is dropped from train or val, never from test.

Each step takes rows and returns those that are kept and those that are rejected, with the columns
of rejected.py.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from emotion.core.errors import UserError
from emotion.core.reports import Counts, SplitsReport
from emotion.data.manifest import SPLITS
from emotion.datasets import leaks, splits
from emotion.datasets.faces import NO_FACE, choose_faces, count_faces, refuse_lost_classes
from emotion.datasets.groups import group_images
from emotion.datasets.inspection import Finding, State, inspect_images
from emotion.datasets.near_duplicates import list_pairs
from emotion.datasets.params import DataParams
from emotion.datasets.reader import order_classes, read_dataset
from emotion.datasets.rejected import COLUMNS, CONFLICT, count_reasons, refuse_too_many
from emotion.datasets.report import compute_report
from emotion.datasets.synthetic import exceeds_share, lies_in_synthetic_folder, stays_in_train
from emotion.datasets.unpack import restoring_after_failure, unpack_images

# Reasons to reject a usable row.
LEAK = "leaks across the given split"
HELD_OUT_SYNTHETIC = "synthetic or augmented, outside train"
TOO_MUCH_SYNTHETIC = "over data.synthetic_max_fraction"

KeptAndRejected = tuple[pd.DataFrame, pd.DataFrame]  # of a step


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What the stage writes."""

    rows: pd.DataFrame  # the manifest of all splits
    rejected: pd.DataFrame  # columns of rejected.py
    label_map: dict[str, int]
    report: SplitsReport
    duplicates: pd.DataFrame  # of near_duplicates.list_pairs
    faces: pd.DataFrame  # of `FaceRows.found`; without rows unless faces are detected


def prepare(
    params: DataParams, unpacked: Path, workers: int | None = None, state: State | None = None
) -> Prepared:
    """Read, check, group and split a dataset.

    Args:
        params: the `data` section.
        unpacked: folder for images that the dataset stores inside a table; unchanged after an
            error.
        workers: processes for the inspection; None means one per core. The result does not depend
            on it.
        state: where an interrupted search for faces is kept.

    Returns:
        The manifest, the rejected rows and their reports. Together, manifest and rejected rows have
        every row of the dataset once, except those that data.classes leaves out.

    Raises:
        UserError: from `read_dataset`, `refuse_too_many`, `refuse_lost_classes` and `split_rows`;
            no image or only one class is left; the existing split leaks and data.leak_policy is
            fail, or nothing is left of one of its splits; a class has only synthetic images, but
            others have photographs.
    """
    with restoring_after_failure(unpacked):
        rows, classes = read_dataset(params)
        return _prepare(unpack_images(rows, unpacked), classes, params, workers, state)


def _prepare(
    rows: pd.DataFrame,
    classes: list[str],
    params: DataParams,
    workers: int | None,
    state: State | None,
) -> Prepared:
    existing = set(rows["split"])
    rows, defective = _drop_defective(rows, params, workers, state)
    refuse_too_many(defective, len(rows) + len(defective), params.max_rejected)
    rows, faceless, found_faces = _choose_faces(rows, params)

    # From here on, results depend on the set of rows, not on their order in the dataset.
    rows = rows.sort_values(["path", "split", "label"], ignore_index=True)
    grouping = group_images(rows, params.near_duplicate_bits)
    in_folder = lies_in_synthetic_folder(rows["path"], params.root)
    usable = rows.drop(columns=["phash", "image_phash"], errors="ignore").assign(
        group=grouping.names, synthetic=rows["synthetic"] | grouping.is_copy | in_folder
    )
    found = leaks.count_leaks(usable, grouping.near)

    rows, conflicting = _drop_conflicts(usable.drop(columns="mode"))
    _refuse_empty(rows, params.root, [defective, faceless, conflicting])
    label_map = order_classes(rows["label"], classes, params.root)
    _refuse_leaks(found, params.leak_policy)
    rows, leaking = _drop_leaks(rows, params.leak_policy)
    _refuse_lost_splits(rows, existing, [defective, faceless, conflicting, leaking])
    rows, synthetic = _split(rows, params)

    dropped = [defective, faceless, conflicting, leaking, synthetic]
    rejected = pd.concat(dropped, ignore_index=True)
    duplicates = list_pairs(usable, grouping.near)
    outputs = {"rows": rows, "rejected": rejected, "duplicates": duplicates}
    report = compute_report(**outputs, usable=usable, leaks=found, faces=count_faces(found_faces))
    return Prepared(**outputs, label_map=label_map, report=report, faces=found_faces)


def _drop_defective(
    rows: pd.DataFrame, params: DataParams, workers: int | None, state: State | None
) -> KeptAndRejected:
    """Open every image; keep the usable rows, with the findings on their images."""
    to_open = rows["problem"] == ""
    faces = params.faces != "as_is"
    findings = inspect_images(
        rows.loc[to_open, "path"].tolist(),
        params.min_size,
        workers,
        faces=faces,
        state=state if faces else None,
    )
    found = pd.DataFrame(findings, columns=Finding._fields, index=rows.index[to_open])
    problem = rows["problem"].mask(to_open, found["reason"])
    bad = problem != ""
    rejected = rows.loc[bad, ["path", "label", "detail"]].assign(reason=problem[bad])
    # Joined to the usable rows only: a row without finding would turn whole numbers into floats.
    usable = rows[~bad].drop(columns=["problem", "detail"]).join(found.drop(columns="reason"))
    return usable, rejected[list(COLUMNS)]


def _choose_faces(
    rows: pd.DataFrame, params: DataParams
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Rows of faces, rejected rows, and what was found; all rows if faces are not detected."""
    if params.faces == "as_is":
        nothing = rows[:0]
        return rows.drop(columns="faces"), _reject(nothing, NO_FACE), nothing[["path", "faces"]]
    chosen = choose_faces(rows, params)
    refuse_lost_classes(chosen.rejected, chosen.rows["label"], params.root)
    return chosen.rows, chosen.rejected, chosen.found


def _drop_conflicts(rows: pd.DataFrame) -> KeptAndRejected:
    """Keep the rows whose pixels occur with one label only."""
    conflict = leaks.find_conflicts(rows)
    dropped = rows[conflict]
    labels_of = dict(tuple(dropped.groupby("sha256")["label"]))
    labels = [sorted(set(labels_of[pixels])) for pixels in dropped["sha256"]]
    detail = [f"labeled {', '.join(names)}" for names in labels]
    return rows[~conflict], _reject(dropped, CONFLICT, detail)


def _drop_leaks(rows: pd.DataFrame, policy: str) -> KeptAndRejected:
    """Keep the rows that do not leak across the existing split, or all with the policy report."""
    leaking = leaks.find_leaking(rows) & (policy != "report")
    detail = [f"group {group}" for group in rows.loc[leaking, "group"]]
    return rows[~leaking], _reject(rows[leaking], LEAK, detail)


def _split(rows: pd.DataFrame, params: DataParams) -> KeptAndRejected:
    """Split the real rows, then add synthetic rows to train; the others are rejected."""
    made = rows["synthetic"] & (not rows["synthetic"].all())
    _refuse_only_synthetic(rows[made], rows[~made])
    fractions = {"val_fraction": params.val_fraction, "test_fraction": params.test_fraction}
    real = splits.split_rows(rows[~made], **fractions, seed=params.split_seed)
    added = stays_in_train(rows[made], real) & rows.loc[made, "split"].isin(["", "train"])
    assigned = pd.concat([real, rows[made][added].assign(split="train")])
    assigned = assigned.sort_values(["path", "split"], ignore_index=True)
    over = exceeds_share(assigned, params.synthetic_max_fraction) & bool(made.any())
    assert set(assigned["split"]) <= set(SPLITS)
    held_out = _reject(rows[made][~added], HELD_OUT_SYNTHETIC)
    too_many = _reject(assigned[over], TOO_MUCH_SYNTHETIC)
    return assigned[~over].reset_index(drop=True), pd.concat([held_out, too_many])


def _reject(rows: pd.DataFrame, reason: str, detail: list[str] | str = "") -> pd.DataFrame:
    """Rows of rejected.csv; `detail` is one text for all rows, or one per row."""
    return rows[["path", "label"]].assign(reason=reason, detail=detail)


def _refuse_empty(rows: pd.DataFrame, root: str, rejected: list[pd.DataFrame]) -> None:
    if rows.empty:
        problem = f"no image of data.root {root!r} is left: {count_reasons(rejected)}"
        hint = "correct their labels, or set another rule for votes, data.votes, in params.yaml"
        raise UserError(problem, hint, key="data.root")


def _refuse_leaks(found: dict[leaks.SplitPair, Counts], policy: str) -> None:
    groups = {pair: counts["groups"] for pair, counts in found.items() if counts["groups"]}
    leaky = [f"{' and '.join(pair)} ({count:,} groups)" for pair, count in groups.items()]
    if leaky and policy == "fail":
        problem = (
            f"the existing split of the dataset leaks between {', '.join(leaky)} (a group is one "
            "person, or one image with its copies)"
        )
        hint = "correct it, or set data.leak_policy in params.yaml to drop_from_train or report"
        raise UserError(problem, hint, key="data.leak_policy")


def _refuse_lost_splits(
    rows: pd.DataFrame, existing: set[str], rejected: list[pd.DataFrame]
) -> None:
    lost = sorted(existing - set(rows["split"]))
    if lost:
        names, reasons = " and ".join(lost), count_reasons(rejected)
        raise UserError(
            f"of the existing split of the dataset, nothing is left of {names}: {reasons}",
            "correct it, or set data.leak_policy in params.yaml to report, which keeps leaks",
        )


def _refuse_only_synthetic(made: pd.DataFrame, real: pd.DataFrame) -> None:
    """Raise for classes that have only synthetic images, where others have photographs."""
    classes = sorted(set(made["label"]) - set(real["label"]))
    if classes:
        names = ", ".join(map(repr, classes))
        raise UserError(
            f"of {names}, all images are synthetic or augmented, which may not be in val and test",
            "add photographs, or list the other classes in data.classes",
        )
