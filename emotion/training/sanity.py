"""Checks worth a minute before hours of training: each catches a mistake that training hides.

Forward shapes catch a wrong head; class counts against weights catch weights computed on another
split; gradient norms catch a layer that is cut off or explodes; and a network that cannot learn 32
images by heart will not learn thousands.
"""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.nn import functional as F
from tqdm import trange

from emotion.core.errors import UserError
from emotion.data.transforms import eval_batch
from emotion.inference import InputSpec
from emotion.models.checkpoint import initial_model
from emotion.models.classifier import EmotionClassifier
from emotion.training.fit import seed_everything
from emotion.training.loading import LabeledImages, load_split
from emotion.training.optimizer import build_optimizer, set_learning_rates
from emotion.training.params import TrainParams

OVERFIT_IMAGES = 32
OVERFIT_STEPS = 40
OVERFIT_ACCURACY = 0.95  # all but one of 32
OVERFIT_LR_BACKBONE, OVERFIT_LR_HEAD = 1e-4, 1e-3  # gentle enough for a ViT without warm-up


def check_training(
    train_rows: pd.DataFrame,
    label_map: dict[str, int],
    class_weights: dict[str, float],
    weights_folder: Path,
    params: TrainParams,
) -> dict:
    """Run all checks on a few training images.

    Returns:
        The figures for metrics/sanity_checks.json.

    Raises:
        UserError: naming the check that failed, its figures and what to look at.
    """
    check_weights(train_rows["label"].value_counts().to_dict(), class_weights)
    seed_everything(params.seed, params.deterministic)
    model, origin = initial_model(weights_folder, params.img_size, params.head, len(label_map))
    rows = pick_rows(train_rows, OVERFIT_IMAGES)
    cached = dataclasses.replace(params, cache="auto")
    sample = load_split(rows, label_map, cached, origin.interpolation, "sample")
    return {
        "logits_shape": check_forward(model, sample, origin, len(label_map)),
        "class_counts": {name: int((train_rows["label"] == name).sum()) for name in label_map},
        "class_weights": {name: class_weights[name] for name in label_map},
        "gradient_norm": check_gradients(model, sample, origin),
        "overfit_accuracy": check_overfit(model, sample, origin),
    }


def check_weights(counts: dict[str, int], class_weights: dict[str, float]) -> None:
    """A rarer class never weighs less than a commoner one."""
    by_count = sorted(class_weights, key=lambda name: counts.get(name, 0))
    weights = [class_weights[name] for name in by_count]
    if set(counts) != set(class_weights) or np.any(np.diff(weights) > 1e-9):
        raise UserError(
            f"class weights {class_weights} do not fit the training rows {counts}: a rarer class "
            "must not weigh less; run `dvc repro class_weights`."
        )


def pick_rows(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    """About `count` rows, evenly from all classes, the same whatever the order of the table."""
    rows = rows.sort_values(["sha256", "path"])
    rank = rows.groupby("label").cumcount()
    return rows.assign(rank=rank).sort_values(["rank", "label"]).head(count).drop(columns="rank")


def check_forward(
    model: EmotionClassifier, sample: LabeledImages, spec: InputSpec, classes: int
) -> list[int]:
    """Logits are finite and of shape (images, classes)."""
    with torch.no_grad():
        logits = _logits(model.eval(), sample, spec)
    if logits.shape != (len(sample.labels), classes) or not logits.isfinite().all():
        raise UserError(
            f"the network gives logits of shape {tuple(logits.shape)}, finite: "
            f"{bool(logits.isfinite().all())}; expected {(len(sample.labels), classes)}. "
            "Look at model_type, img_size and the weights file."
        )
    return list(logits.shape)


def check_gradients(
    model: EmotionClassifier, sample: LabeledImages, spec: InputSpec
) -> dict[str, float]:
    """Every part gets a finite gradient that is not zero; returns the norms by part."""
    model.zero_grad()
    logits = _logits(model.train(), sample, spec)
    F.cross_entropy(logits, torch.from_numpy(sample.labels)).backward()
    norms = {
        part: float(torch.nn.utils.get_total_norm([p.grad for p in module.parameters()]))
        for part, module in (("backbone", model.backbone), ("head", model.head))
    }
    if any(not np.isfinite(norm) or norm == 0 for norm in norms.values()):
        raise UserError(
            f"gradient norms are {norms}: a part of {type(model.backbone).__name__} gets no "
            "gradient, or an infinite one; look at model_type and amp."
        )
    return norms


def check_overfit(model: EmotionClassifier, sample: LabeledImages, spec: InputSpec) -> float:
    """The network learns the sample by heart; returns the training accuracy reached."""
    optimizer = build_optimizer(model, OVERFIT_LR_BACKBONE, OVERFIT_LR_HEAD, weight_decay=0.0)
    set_learning_rates(optimizer, 1.0, 1.0)
    labels = torch.from_numpy(sample.labels)
    reached = 0.0
    model.train()
    model.head.eval()  # without dropout, which is there to prevent just this
    for _ in trange(OVERFIT_STEPS, desc="learn 32 images by heart", unit="step", leave=False):
        optimizer.zero_grad()
        logits = _logits(model, sample, spec)
        reached = float((logits.argmax(dim=1) == labels).float().mean())
        if reached >= OVERFIT_ACCURACY:
            return reached
        F.cross_entropy(logits, labels).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    raise UserError(
        f"the network does not learn {len(sample.labels)} training images by heart: accuracy "
        f"{reached:.2f} after {OVERFIT_STEPS} steps, {OVERFIT_ACCURACY} expected. Look at the "
        "labels of those images, img_size and the weights."
    )


def _logits(model: EmotionClassifier, sample: LabeledImages, spec: InputSpec) -> torch.Tensor:
    [images] = sample.images.batches([np.arange(len(sample.labels))])
    views = eval_batch(images, spec.img_size, spec.mean, spec.std)
    return model(views.contiguous(memory_format=torch.channels_last))
