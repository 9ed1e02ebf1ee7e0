"""Check a training setup in a minute: each check detects an error that training would hide.

The shape of the logits detects a wrong head; class counts against class weights detect weights
computed on another split; gradient norms detect a layer that is cut off or explodes; and a network
that cannot overfit 32 images will not learn thousands.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import trange

from emotion.core.errors import UserError
from emotion.core.reports import SanityReport
from emotion.data.batches import load_batches
from emotion.data.cache import CacheParams
from emotion.data.crop_params import AS_IS, CropParams
from emotion.models.classifier import EmotionClassifier
from emotion.models.sources.own_checkpoints import FINISHED_FILE, TEACHER_FILE, load_own_checkpoint
from emotion.models.sources.pretrained import load_initial_model
from emotion.training.failures import is_out_of_memory
from emotion.training.loading import load_split
from emotion.training.optimizer import build_optimizer, set_learning_rates
from emotion.training.params import NetworkParams
from emotion.training.run import complete_weights, seed_everything

OVERFIT_IMAGES = 32
OVERFIT_STEPS = 40
OVERFIT_ACCURACY = 0.95  # all but one of 32
OVERFIT_LR_BACKBONE, OVERFIT_LR_HEAD = 1e-4, 1e-3  # low enough for a ViT without warm-up


def check_training(
    train_rows: pd.DataFrame,
    label_map: dict[str, int],
    class_weights: dict[str, float],
    weights_folder: Path,
    params: NetworkParams,
    crop: CropParams = AS_IS,
) -> SanityReport:
    """Run all checks on a few training images.

    Args:
        train_rows: manifest of the training split.
        label_map: class name to logit index.
        class_weights: by class name.
        weights_folder: of the stage `pretrained_weights`.
        params: what defines the untrained network.
        crop: of the faces.

    Raises:
        UserError: names the check that failed, its numbers and what to look at.
    """
    counts = {str(name): int(n) for name, n in train_rows["label"].value_counts().items()}
    check_weights(counts, class_weights)
    for name in (TEACHER_FILE, FINISHED_FILE):
        load_own_checkpoint(weights_folder, name, list(label_map), crop)  # only to check them
    seed_everything(params.seed, params.deterministic)
    model, preprocessing, source = load_initial_model(
        weights_folder, params.img_size, params.head, len(label_map), params.grayscale
    )
    preprocessing = crop.of_network(preprocessing)
    model.freeze_stages(params.freeze_stages)
    rows = sample_rows(train_rows, OVERFIT_IMAGES)
    sample = load_split(rows, label_map, preprocessing, CacheParams(), "decode sample")
    complete_weights(model, source, sample, preprocessing)
    [views] = load_batches(sample.images, preprocessing, [np.arange(len(sample))])
    labels = torch.from_numpy(sample.labels)
    return SanityReport(
        logits_shape=check_forward(model, views, len(label_map)),
        class_counts={name: counts[name] for name in label_map},
        class_weights={name: class_weights[name] for name in label_map},
        gradient_norm=check_gradients(model, views, labels),
        overfit_accuracy=check_overfit(model, views, labels),
    )


def check_weights(counts: dict[str, int], class_weights: dict[str, float]) -> None:
    """Raise if a rarer class has a smaller weight than a more frequent one.

    Args:
        counts: training rows by class name.
        class_weights: by class name, of the same classes.

    Raises:
        UserError: it has, or the classes differ.
    """
    by_count = sorted(class_weights, key=lambda name: counts.get(name, 0))
    weights = [class_weights[name] for name in by_count]
    if set(counts) != set(class_weights) or np.any(np.diff(weights) > 1e-9):
        problem = (
            f"class weights {class_weights} do not fit the rows {counts}: rarer ones weigh less"
        )
        raise UserError(problem, "run `dvc repro class_weights`")


def sample_rows(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    """About `count` rows, evenly from all classes, independent of the order of the table."""
    rows = rows.sort_values(["sha256", "path"])
    rank = rows.groupby("label").cumcount()
    return rows.assign(rank=rank).sort_values(["rank", "label"]).head(count).drop(columns="rank")


def check_forward(model: EmotionClassifier, views: Tensor, classes: int) -> list[int]:
    """Raise unless the logits are finite and of shape (N, C); returns the shape.

    Args:
        model: left in evaluation mode.
        views: normalized images, float32 (N, 3, H, W).
        classes: C.

    Raises:
        UserError: they are not, or the backbone cannot take images of this size.
    """
    try:
        with torch.no_grad():
            logits = model.eval()(views)
    except Exception as error:  # an architecture may fail in any way at a size it was not made for
        if isinstance(error, UserError) or is_out_of_memory(error):
            raise
        raise UserError(
            f"{type(model.backbone).__name__} cannot take images of {views.shape[-1]} pixels "
            f"({' '.join(str(error).split())})",
            "choose another train.img_size, such as 224, or another model_type",
            key="train.img_size",
        ) from None
    expected, finite = (len(views), classes), bool(logits.isfinite().all())
    if logits.shape != expected or not finite:
        raise UserError(
            f"the logits have the shape {tuple(logits.shape)} (finite: {finite}), not {expected}",
            "check model_type, train.img_size and the weights file",
            key="model_type",
        )
    return list(logits.shape)


def check_gradients(model: EmotionClassifier, views: Tensor, labels: Tensor) -> dict[str, float]:
    """Raise unless every part gets a finite gradient that is not zero; returns the norms by part.

    Args:
        model: left in training mode, with gradients.
        views: normalized images, float32 (N, 3, H, W).
        labels: class indices, int64 (N,).

    Raises:
        UserError: a norm is zero or not finite.
    """
    model.zero_grad()
    F.cross_entropy(model.train()(views), labels).backward()
    norms = {}
    for part, module in (("backbone", model.backbone), ("head", model.head)):
        gradients = [p.grad for p in module.parameters() if p.grad is not None]
        norms[part] = float(torch.nn.utils.get_total_norm(gradients))
    if any(not np.isfinite(norm) or norm == 0 for norm in norms.values()):
        raise UserError(
            f"{type(model.backbone).__name__} has gradient norms of zero or infinity: {norms}",
            "check model_type and the weights file",
            key="model_type",
        )
    return norms


def check_overfit(model: EmotionClassifier, views: Tensor, labels: Tensor) -> float:
    """Raise unless the network overfits the sample; returns the training accuracy reached.

    Args:
        model: changed in place.
        views: normalized images, float32 (N, 3, H, W).
        labels: class indices, int64 (N,).

    Raises:
        UserError: the accuracy stays below OVERFIT_ACCURACY for OVERFIT_STEPS steps.
    """
    optimizer = build_optimizer(model, OVERFIT_LR_BACKBONE, OVERFIT_LR_HEAD, weight_decay=0.0)
    set_learning_rates(optimizer, 1.0, 1.0)
    reached = 0.0
    model.train()
    model.head.eval()  # without dropout, which is there to prevent overfitting
    for _ in trange(OVERFIT_STEPS, desc=f"overfit {len(views)} images", unit="step", leave=False):
        optimizer.zero_grad()
        logits = model(views)
        reached = float((logits.argmax(dim=1) == labels).float().mean())
        if reached >= OVERFIT_ACCURACY:
            return reached
        F.cross_entropy(logits, labels).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    raise UserError(
        f"the network does not overfit {len(views)} training images: accuracy {reached:.2f} after "
        f"{OVERFIT_STEPS} steps, {OVERFIT_ACCURACY} expected",
        "check the labels of these images, train.img_size and the weights file",
        key="train.img_size",
    )
