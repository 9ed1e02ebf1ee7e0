"""The test images that are explained, the same for every model.

They are ordered by their content, so the selection depends on neither the order of the rows nor the
model, and the panels of two experiments show the same faces. The probe images, a few per class that
are drawn, come first.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from emotion.core.errors import UserError
from emotion.core.seeding import derive_seed
from emotion.data.cache import cache_images
from emotion.data.face_regions import LEVELS, UNIT_REGIONS
from emotion.data.manifest import EVIDENCE, EVIDENCE_UNITS, REGIONS
from emotion.data.preprocessing import Preprocessing
from emotion.data.transforms import crop_batch, preprocess_batch
from emotion.explanation.face_layout import draw_layout

_BACKGROUND = 16  # reference images of SHAP


@dataclass(frozen=True, kw_only=True)
class ExplainedImages:
    """N images as network input and as shown in figures, and what is known of their content."""

    rows: pd.DataFrame  # of the manifest
    probes: int  # the first rows, which are drawn
    images: Tensor  # (N, 3, H, W), normalized
    shown: np.ndarray  # float32 (N, H, W, 3), RGB in 0..1
    evidence: np.ndarray  # bool (N, H, W); all False where the corpus has no mask
    regions: np.ndarray  # uint8 (N, H, W), values of face_regions.LEVELS, or 0
    background: Tensor  # (B, 3, H, W), normalized: test images

    @property
    def has_evidence(self) -> bool:
        """Whether any image has a mask of its evidence."""
        return bool(self.evidence.any())

    def units(self) -> list[list[int]]:
        """The action units that are evidence, per image."""
        cells = self.rows.get(EVIDENCE_UNITS, pd.Series("", index=self.rows.index))
        return [parse_units(cell) for cell in cells]


def choose_rows(
    rows: pd.DataFrame, class_names: list[str], per_class: int
) -> tuple[pd.DataFrame, int]:
    """All rows in the order in which they are explained, and how many of them are probe images.

    Raises:
        UserError: no row has a class of the model.
    """
    rows = rows[rows["label"].isin(class_names)]
    if rows.empty:
        raise UserError(
            f"no test row has a class of the model ({', '.join(class_names)}); "
            "run `dvc repro` so that the splits and the model agree."
        )
    keys = [derive_seed("probe set", sha256) for sha256 in rows["sha256"]]
    shuffled = rows.assign(_key=keys).sort_values(["_key", "path"], ignore_index=True)
    shuffled = shuffled.drop(columns="_key")
    chosen = shuffled.groupby("label").cumcount() < per_class
    order = {name: index for index, name in enumerate(class_names)}
    probe = shuffled[chosen].sort_values("label", key=lambda s: s.map(order), kind="stable")
    return pd.concat([probe, shuffled[~chosen]], ignore_index=True), len(probe)


def load_images(
    rows: pd.DataFrame,
    probes: int,
    count: int,
    preprocessing: Preprocessing,
    device: str | torch.device = "cpu",
) -> ExplainedImages:
    """Decode the first `count` rows, in the geometry of the validation view.

    Args:
        rows: in the order of `choose_rows`; the last ones are SHAP's background.
        probes: how many of the first rows are drawn.
        count: at least `probes`.
        preprocessing: of the model.
        device: of the network's input; the rest stays on the CPU.

    Raises:
        UserError: a file cannot be read, a mask has values that name no region, or a cell of
            evidence_units names no action unit.
    """
    chosen, background = rows.head(count), rows.tail(_BACKGROUND)

    def load(paths: pd.Series, desc: str, how: Preprocessing = preprocessing) -> Tensor:
        return cache_images(paths.tolist(), how, desc=desc)

    images = load(chosen["path"], "explained images")
    shown = crop_batch(images, preprocessing).permute(0, 2, 3, 1).numpy()
    # Masks are resized and cropped like their images, so they stay aligned; without interpolation,
    # because their values are names, not amounts.
    exact = dataclasses.replace(preprocessing, interpolation="nearest", grayscale=False)

    def load_masks(column: str, without: np.ndarray) -> np.ndarray:
        masks = np.repeat(without[None], len(chosen), axis=0)
        marked = (chosen[column] != "").to_numpy() if column in chosen else np.zeros(0, dtype=bool)
        if marked.any():
            values = crop_batch(load(chosen[column][marked], f"{column} masks", exact), exact)
            masks[marked] = (values[:, 0] * 255).round().to(torch.uint8).numpy()
        return masks

    result = ExplainedImages(
        rows=chosen.reset_index(drop=True),
        probes=probes,
        images=preprocess_batch(images, preprocessing).to(device),
        shown=shown,
        evidence=load_masks(EVIDENCE, np.zeros(shown.shape[1:3], dtype=np.uint8)) > 127,
        regions=load_masks(REGIONS, draw_layout(preprocessing)),
        background=preprocess_batch(
            load(background["path"], "background images"), preprocessing
        ).to(device),
    )
    check_regions(result.regions)  # both before the work, not after it
    result.units()
    return result


def check_regions(regions: np.ndarray) -> None:
    """Raise if masks of regions have other values than those that name a region.

    Raises:
        UserError: names the values; JPEG changes them, and a mask of another kind has others.
    """
    unknown = sorted(set(np.unique(regions).tolist()) - {0, *LEVELS.values()})
    if unknown:
        named = ", ".join(f"{level} ({name})" for name, level in LEVELS.items())
        raise UserError(
            f"the masks of the column face_regions have pixels of {len(unknown)} unknown values "
            f"such as {unknown[0]}; use 0 and {named} only, in PNG files."
        )


def parse_units(cell: str) -> list[int]:
    """The numbers in a cell of evidence_units, "6 12 25".

    Raises:
        UserError: one is not a known action unit.
    """
    words = cell.replace("+", " ").replace(",", " ").split()
    unknown = [word for word in words if not word.isdecimal() or int(word) not in UNIT_REGIONS]
    if unknown:
        known = ", ".join(map(str, UNIT_REGIONS))
        raise UserError(
            f"evidence_units has {unknown[0]!r} in the cell {cell!r}; write numbers of action "
            f"units with a space between, of {known}."
        )
    return [int(word) for word in words]
