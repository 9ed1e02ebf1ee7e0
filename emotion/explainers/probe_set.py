"""The probe set: a few test images, the same for every model.

They are selected by their content, so the selection depends on neither the order of the rows nor
the model, and the panels of two experiments show the same faces.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from torch import Tensor

from emotion.core.errors import UserError
from emotion.core.manifest import EVIDENCE
from emotion.core.seeding import derive_seed
from emotion.data.cache import cache_images
from emotion.data.transforms import crop_batch, preprocess_batch
from emotion.models.checkpoint import Checkpoint

_BACKGROUND = 16  # reference images of SHAP


@dataclass(frozen=True, kw_only=True)
class ProbeSet:
    """N images as shown in figures, the same as network input, and the masks of their evidence."""

    rows: pd.DataFrame  # of the manifest
    shown: np.ndarray  # float32 (N, H, W, 3), RGB in 0..1
    images: Tensor  # (N, 3, H, W), normalized
    evidence: np.ndarray  # bool (N, H, W); all False where the corpus has no mask
    background: Tensor  # (B, 3, H, W), normalized: other test images


def load_probe_set(rows: pd.DataFrame, checkpoint: Checkpoint, per_class: int) -> ProbeSet:
    """Select and decode the probe set, in the geometry of the validation view.

    Args:
        rows: the test split.
        checkpoint: its class names and preprocessing are used.
        per_class: images per class.

    Raises:
        UserError: no row has a class of the model, or a file cannot be read.
    """
    probe, background = choose_rows(rows, checkpoint.class_names, per_class)
    preprocessing = checkpoint.preprocessing

    def load(paths: pd.Series) -> Tensor:
        return cache_images(paths.tolist(), preprocessing, desc="probe set")

    images = load(probe["path"])
    shown = crop_batch(images, preprocessing).permute(0, 2, 3, 1).numpy()
    evidence = np.zeros(shown.shape[:3], dtype=bool)
    if EVIDENCE in probe and (probe[EVIDENCE] != "").any():
        marked = (probe[EVIDENCE] != "").to_numpy()
        # Masks are resized and cropped like their images, so they stay aligned.
        masks = crop_batch(load(probe[EVIDENCE][marked]), preprocessing)
        evidence[marked] = masks[:, 0].numpy() > 0.5
    return ProbeSet(
        rows=probe,
        shown=shown,
        images=preprocess_batch(images, preprocessing),
        evidence=evidence,
        background=preprocess_batch(load(background["path"]), preprocessing),
    )


def choose_rows(
    rows: pd.DataFrame, class_names: list[str], per_class: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The probe rows in class order, and the background rows: other rows, if there are any."""
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
    others = shuffled[~chosen] if not chosen.all() else probe
    return probe.reset_index(drop=True), others.head(_BACKGROUND).reset_index(drop=True)
