"""Choose the rows of a dataset that `emotion evaluate` scores, and say which it leaves out."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from emotion.core.errors import UserError
from emotion.core.text import counted
from emotion.datasets.faces import NO_FACE, choose_faces
from emotion.datasets.formats import votes
from emotion.datasets.groups import group_images
from emotion.datasets.inspection import Finding, inspect_images
from emotion.datasets.leaks import find_conflicts
from emotion.datasets.model_classes import EXCLUDED
from emotion.datasets.params import DataParams


def inspect_rows(rows: pd.DataFrame, data: Path, faces: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Open the images of a dataset, group them, and leave out what cannot be used.

    Args:
        rows: from `read_for_model`.
        data: folder of the dataset, for messages.
        faces: whether the largest face of each image is used, not the whole image.

    Returns:
        Rows of a manifest, and the rows that are left out: path, label, reason, detail.

    Raises:
        UserError: no image can be read, or no face is found in any of them.
    """
    rows = rows.sort_values(["path", "split", "label"], ignore_index=True)
    to_open = rows["problem"] == ""
    findings = inspect_images(rows.loc[to_open, "path"].tolist(), min_size=1, faces=faces)
    found = pd.DataFrame(findings, columns=Finding._fields, index=rows.index[to_open])
    reason = rows["problem"].mask(to_open, found["reason"])
    left_out = rows.assign(reason=reason)[["path", "label", "reason", "detail"]][reason != ""]
    if len(left_out) == len(rows):
        problem = f"has {len(rows):,} rows, none of which can be used: {_count_reasons(left_out)}"
        raise UserError(problem, f"correct the files, first {left_out['path'].iloc[0]}", file=data)
    rows = rows[reason == ""].join(found).reset_index(drop=True)
    if faces:
        rows, without_face = _choose_faces(rows, data)
        left_out = pd.concat([left_out, without_face], ignore_index=True)
    grouping = group_images(rows, DataParams.near_duplicate_bits)
    rows = rows.assign(group=grouping.names, synthetic=rows["synthetic"] | grouping.is_copy)
    internal = ["problem", "detail", "phash", "image_phash", "mode", "reason", "faces"]
    return rows.drop(columns=internal, errors="ignore"), left_out


def _choose_faces(rows: pd.DataFrame, data: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows with the largest face of each image, and the images without one."""
    if not rows["faces"].map(len).any():
        problem = f"has {len(rows):,} images that can be read, but no face is found in any of them"
        hint = "give photographs of faces, or --cropped if each image is a face already"
        raise UserError(problem, hint, file=data, key="--cropped")
    settings = DataParams(root=str(data), several_faces="largest", no_face="reject")
    chosen = choose_faces(rows, settings)
    return chosen.rows, chosen.rejected


def describe_rows(rows: pd.DataFrame, left_out: pd.DataFrame) -> Iterator[str]:
    """Sentences on the rows that are left out, and on those with another label elsewhere.

    Args:
        rows: that are used.
        left_out: of `inspect_rows`. Images without a face are no defect, and counted apart.
    """
    total = len(rows) + len(left_out)
    is_faceless = left_out["reason"] == NO_FACE
    left_out, faceless = left_out[~is_faceless], int(is_faceless.sum())
    if len(left_out):
        unusable = left_out[~left_out["reason"].isin([EXCLUDED, *votes.PROBLEMS])]
        warning = "WARNING: " if len(unusable) > DataParams.max_rejected * total else ""
        reasons = _count_reasons(left_out)
        yield f"{warning}{len(left_out):,} rows left out: {reasons} (see left_out.csv)"
    if faceless:
        share = f"{100 * faceless / (len(rows) + faceless):.1f} %"
        yield (
            f"{counted(faceless, 'image')} ({share}) left out, in which no face is found (see "
            "left_out.csv); the scores say nothing of them"
        )
    if conflicts := int(find_conflicts(rows).sum()):
        yield f"{conflicts:,} rows have pixels that also occur with another label"


def _count_reasons(left_out: pd.DataFrame) -> str:
    counts = left_out["reason"].value_counts()
    return ", ".join(f"{count:,} {reason}" for reason, count in counts.items())
