"""Select the test images to explain, and read their masks and action units.

The order depends on the content of the images alone, so it is the same for every model and every
order of the manifest, and the figures of two experiments show the same faces. The probe images, a
few per class that are drawn, come first.
"""

import dataclasses

import numpy as np
import pandas as pd

from emotion.core.errors import UserError
from emotion.data.cache import cache_images
from emotion.data.face_regions import LEVELS, UNIT_REGIONS
from emotion.data.manifest import EVIDENCE, EVIDENCE_UNITS, REGIONS, face_images, order_by_content
from emotion.data.preprocessing import Preprocessing
from emotion.explanation.face_layout import draw_layout


def order_probes_first(
    rows: pd.DataFrame, class_names: list[str], per_class: int
) -> tuple[pd.DataFrame, int]:
    """The rows in the order in which they are explained.

    Args:
        rows: the test split; rows of other classes are left out.
        class_names: of the model, in the order of the logits.
        per_class: probe images per class; a class with fewer images has fewer.

    Returns:
        The rows, numbered from 0, and how many of the first ones are probe images, which are in
        the order of `class_names`.

    Raises:
        UserError: no row has a class of the model.
    """
    rows = rows[rows["label"].isin(class_names)]
    if rows.empty:
        raise UserError(
            f"no test row has a class of the model ({', '.join(class_names)})",
            "run `dvc repro` so that the splits and the model agree",
        )
    ordered = order_by_content(rows, "probe set")
    is_probe = ordered.groupby("label").cumcount() < per_class
    probes = ordered[is_probe].sort_values(
        "label", key=lambda labels: labels.map(class_names.index), kind="stable"
    )
    return pd.concat([probes, ordered[~is_probe]], ignore_index=True), len(probes)


def read_evidence(rows: pd.DataFrame, preprocessing: Preprocessing) -> np.ndarray:
    """Where the expression shows, from the masks of the column `evidence`.

    Args:
        rows: N rows of the manifest.
        preprocessing: of the model, whose crop the masks get.

    Returns:
        bool (N, H, W); all False for an image without a mask.

    Raises:
        UserError: a file cannot be read.
    """
    side = preprocessing.img_size
    return _read_masks(rows, EVIDENCE, preprocessing, np.zeros((side, side), np.uint8)) > 127


def read_regions(rows: pd.DataFrame, preprocessing: Preprocessing) -> np.ndarray:
    """The parts of each face, from the masks of the column `face_regions`.

    Args:
        rows: N rows of the manifest.
        preprocessing: of the model, whose crop the masks get.

    Returns:
        uint8 (N, H, W), values of LEVELS, or 0; the layout of an aligned photograph for an image
        without a mask.

    Raises:
        UserError: a file cannot be read, or a mask has other values: JPEG changes them, and a mask
            of another kind has others.
    """
    regions = _read_masks(rows, REGIONS, preprocessing, draw_layout(preprocessing))
    unknown = sorted(set(np.unique(regions).tolist()) - {0, *LEVELS.values()})
    if unknown:
        named = ", ".join(f"{level} ({name})" for name, level in LEVELS.items())
        raise UserError(
            f"the masks of the column face_regions have pixels of {len(unknown)} unknown values "
            f"such as {unknown[0]}",
            f"use 0 and {named} only, in PNG files",
        )
    return regions


def read_units(rows: pd.DataFrame) -> list[list[int]]:
    """The action units that are evidence, per row, from cells such as "6 12 25" or "6+12, 25".

    Raises:
        UserError: one is not a known action unit.
    """
    return [_parse_units(cell) for cell in rows.get(EVIDENCE_UNITS, [""] * len(rows))]


def _read_masks(
    rows: pd.DataFrame, column: str, preprocessing: Preprocessing, default: np.ndarray
) -> np.ndarray:
    """The masks of a column, uint8 (N, H, W); `default`, (H, W), for rows without one.

    Masks are resized and cropped as their images, so they stay aligned, but without interpolation:
    their values are names, not amounts.
    """
    exact = dataclasses.replace(preprocessing, interpolation="nearest", grayscale=False)
    masks = np.repeat(default[None], len(rows), axis=0)
    has_mask = (rows[column] != "").to_numpy() if column in rows else np.zeros(len(rows), bool)
    if has_mask.any():
        cached = cache_images(face_images(rows[has_mask], column), exact, f"{column} masks")
        masks[has_mask] = exact.center_crop(cached)[:, 0].numpy()
    return masks


def _parse_units(cell: str) -> list[int]:
    words = cell.replace("+", " ").replace(",", " ").split()
    unknown = [word for word in words if not word.isdecimal() or int(word) not in UNIT_REGIONS]
    if unknown:
        known = ", ".join(map(str, UNIT_REGIONS))
        raise UserError(
            f"evidence_units has {unknown[0]!r} in the cell {cell!r}",
            f"write numbers of action units with a space between, of {known}",
        )
    return [int(word) for word in words]
