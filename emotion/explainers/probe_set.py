"""The probe set: the few test images that every model is asked to explain.

It is chosen by the images' content, so that neither the order of rows nor the model moves it:
the panels of two experiments show the same faces.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from torch import Tensor

from emotion.core.errors import UserError
from emotion.core.seeding import derive_seed
from emotion.data.cache import cache_images
from emotion.data.transforms import eval_batch
from emotion.models.checkpoint import Checkpoint

_BACKGROUND = 16  # images that SHAP compares with
_BLACK, _WHITE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class ProbeSet:
    """N images as people see them, as the network sees them, and where their evidence is."""

    rows: pd.DataFrame  # of the manifest
    shown: np.ndarray  # float32 (N, H, W, 3), RGB in 0..1
    images: Tensor  # (N, 3, H, W), normalized
    evidence: np.ndarray  # bool (N, H, W); all False where the corpus marks none
    background: Tensor  # (B, 3, H, W), normalized: other test images


def load_probe_set(
    rows: pd.DataFrame, root: Path, checkpoint: Checkpoint, per_class: int
) -> ProbeSet:
    """Choose and decode the probe set, in the geometry of the validation view.

    Args:
        rows: the test split.
        root: what the paths of the column `evidence` start from.
        checkpoint: says how images are prepared.
        per_class: images a class.

    Raises:
        UserError: no row has a class of the model, or a file cannot be read.
    """
    probe, background = choose_rows(rows, checkpoint.class_names, per_class)
    size, mean, std = checkpoint.img_size, checkpoint.mean, checkpoint.std

    def load(paths: pd.Series) -> Tensor:
        return cache_images(
            list(paths), size, checkpoint.interpolation, "probe set", checkpoint.grayscale
        )

    cached = load(probe["path"])
    # Masks take the images' way through resizing and cropping, so they stay in register.
    evidence = np.zeros((len(probe), size, size), dtype=bool)
    marked = probe["evidence"].to_numpy() != "" if "evidence" in probe else np.zeros(len(probe))
    if marked.any():
        paths = [str(Path(root) / name) for name in probe["evidence"][marked]]
        evidence[marked] = eval_batch(load(paths), size, _BLACK, _WHITE)[:, 0].numpy() > 0.5
    return ProbeSet(
        rows=probe,
        shown=eval_batch(cached, size, _BLACK, _WHITE).permute(0, 2, 3, 1).numpy(),
        images=eval_batch(cached, size, mean, std),
        evidence=evidence,
        background=eval_batch(load(background["path"]), size, mean, std),
    )


def choose_rows(
    rows: pd.DataFrame, class_names: list[str], per_class: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The probe rows, by class, and rows for the background: other ones, while there are any."""
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
