"""Load a split as training needs it: images, labels, and the targets of the loss."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from emotion.data.cache import CacheParams, Images, open_images
from emotion.data.labels import class_indices
from emotion.data.manifest import SHARE, face_images
from emotion.data.preprocessing import Preprocessing


@dataclass(frozen=True, kw_only=True)
class LabeledImages:
    """One split."""

    images: Images
    labels: np.ndarray  # class indices, int64 (N,)
    targets: Tensor  # float32 (N, C): one-hot labels, or shares of the annotators' votes

    def __len__(self) -> int:
        """Images."""
        return len(self.labels)


def load_split(
    rows: pd.DataFrame,
    label_map: dict[str, int],
    preprocessing: Preprocessing,
    params: CacheParams,
    desc: str = "",
) -> LabeledImages:
    """A manifest's images and labels.

    Args:
        rows: the manifest.
        label_map: class name to logit index.
        preprocessing: of the network.
        params: where decoded images are kept.
        desc: text of the progress bar; empty for no bar.

    Raises:
        UserError: a row's class is not in the label map, or its image cannot be read.
    """
    labels = class_indices(rows["label"], label_map)
    images = open_images(face_images(rows), preprocessing, params, desc)
    targets = soft_targets(rows, labels, label_map)
    return LabeledImages(images=images, labels=labels, targets=targets)


def soft_targets(rows: pd.DataFrame, labels: np.ndarray, label_map: dict[str, int]) -> Tensor:
    """The annotators' shares where the manifest has them for every class, else one-hot labels.

    Args:
        rows: the manifest, N rows.
        labels: class index of each row, int64 (N,), in 0..C-1.
        label_map: class name to logit index, C of them.

    Returns:
        float32 (N, C), 0 or more, rows summing to 1. A row without votes has its label.
    """
    targets = np.eye(len(label_map))[labels]
    columns = [f"{SHARE}{name}" for name in label_map]
    if set(columns) <= set(rows.columns):
        shares = rows[columns].astype(float).to_numpy()
        voted = shares.sum(axis=1) > 0  # rows of another source have no votes
        targets[voted] = shares[voted] / shares[voted].sum(axis=1, keepdims=True)
    return torch.from_numpy(targets.astype(np.float32))
