"""A split as training needs it: images, labels, and the targets of the loss."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from emotion.core.errors import UserError
from emotion.core.reports import PretrainedSource
from emotion.data.cache import CacheParams, Images, open_images
from emotion.data.manifest import SHARE
from emotion.data.preprocessing import Preprocessing
from emotion.data.transforms import preprocess_batch
from emotion.models.classifier import EmotionClassifier
from emotion.models.recover_batchnorm import unfold_norms

NORM_IMAGES = 256  # that BatchNorm statistics are measured on


@dataclass(frozen=True, kw_only=True)
class LabeledImages:
    """One split."""

    images: Images
    labels: np.ndarray  # class indices (N,)
    targets: Tensor  # float32 (N, C): one-hot labels, or shares of the annotators' votes


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
    unknown = sorted(set(rows["label"]) - set(label_map))
    if unknown:
        raise UserError(
            f"the classes {', '.join(unknown)} of the rows are not in the label map: they are from "
            "different runs; run `dvc repro prepare_splits`."
        )
    labels = rows["label"].map(label_map).to_numpy(dtype=np.int64, copy=True)
    return LabeledImages(
        images=open_images(list(rows["path"]), preprocessing, params, desc),
        labels=labels,
        targets=soft_targets(rows, labels, label_map),
    )


def soft_targets(rows: pd.DataFrame, labels: np.ndarray, label_map: dict[str, int]) -> Tensor:
    """The annotators' shares where the manifest has them for every class, else one-hot labels.

    Returns:
        float32 (N, C), rows summing to 1.
    """
    targets = np.eye(len(label_map))[labels]
    columns = [f"{SHARE}{name}" for name in label_map]
    if set(columns) <= set(rows.columns):
        shares = rows[columns].astype(float).to_numpy()
        voted = shares.sum(axis=1) > 0  # rows of another source have no votes
        targets[voted] = shares[voted] / shares[voted].sum(axis=1, keepdims=True)
    return torch.from_numpy(targets.astype(np.float32))


def complete_weights(
    model: EmotionClassifier,
    source: PretrainedSource,
    data: LabeledImages,
    preprocessing: Preprocessing,
) -> None:
    """Measure the BatchNorm statistics of weights that were published without them.

    Args:
        model: with the initial weights, changed in place.
        source: where they came from.
        data: the training split, or a sample of it.
        preprocessing: of the network.
    """
    if not source.folded_norms or source.weights == "random":
        return
    count = len(data.labels)
    rows = np.unique(np.linspace(0, count - 1, min(count, NORM_IMAGES)).astype(int))
    [images] = data.images.batches([rows])
    views = preprocess_batch(images, preprocessing)
    unfold_norms(model.backbone, views.contiguous(memory_format=torch.channels_last))
