"""A split as training sees it: images, labels, and the targets that the loss compares with."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor

from emotion.core.manifest import SHARE
from emotion.data.cache import (
    CachedImages,
    DecodedImages,
    Images,
    cache_images,
    cached_side,
)
from emotion.training.params import TrainParams


@dataclass(frozen=True, kw_only=True)
class LabeledImages:
    """One split."""

    images: Images
    labels: np.ndarray  # class indices (N,)
    targets: Tensor  # float32 (N, C): one-hot labels, or what annotators said


def load_split(
    rows: pd.DataFrame,
    label_map: dict[str, int],
    params: TrainParams,
    interpolation: str,
    name: str,
) -> LabeledImages:
    """A manifest's images, decoded now or in each epoch, and their labels.

    Args:
        rows: the manifest.
        label_map: class name to logit index.
        params: the recipe.
        interpolation: a Pillow filter's name, of the backbone.
        name: of the split, for the progress bar; empty for no bar.
    """
    paths = list(rows["path"])
    if params.cache == "off":
        method = Image.Resampling[interpolation.upper()]
        side = cached_side(params.img_size)
        images = DecodedImages(paths, side, method, params.grayscale, params.workers)
    else:
        images = CachedImages(
            cache_images(
                paths,
                params.img_size,
                interpolation,
                f"decode {name}" if name else "",
                params.grayscale,
                params.cache_gb,
            )
        )
    labels = rows["label"].map(label_map).to_numpy(dtype=np.int64, copy=True)
    return LabeledImages(
        images=images, labels=labels, targets=soft_targets(rows, labels, label_map)
    )


def soft_targets(rows: pd.DataFrame, labels: np.ndarray, label_map: dict[str, int]) -> torch.Tensor:
    """What annotators said, where the manifest has it for every class, else one-hot labels.

    Returns:
        float32 (N, C), rows summing to 1.
    """
    targets = np.eye(len(label_map))[labels]
    columns = [f"{SHARE}{name}" for name in label_map]
    if set(columns) <= set(rows.columns):
        shares = rows[columns].astype(float).to_numpy()
        said = shares.sum(axis=1) > 0  # rows of another source have none
        targets[said] = shares[said] / shares[said].sum(axis=1, keepdims=True)
    return torch.from_numpy(targets.astype(np.float32))
