"""Initialize a large network by distilling the features of a small one (hints of FitNets).

With labels alone, from random weights, ViT-B has a macro-F1 of 0.37 after four epochs of 4,480
faces, an hour of two cores, and begins to overfit. So it is first trained to predict the features
of a convolutional network that is trained on the same images (Romero et al., "FitNets", ICLR 2015,
section 2.2): from those of each patch the teacher's features at the same place, and from those of
the image the teacher's features before the classifier. Two epochs of that and two of labels give
0.92.
"""

from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import OneCycleLR
from tqdm import tqdm

from emotion.data.cache import CacheParams, open_images
from emotion.data.manifest import face_images
from emotion.data.preprocessing import Preprocessing
from emotion.data.transforms import (
    AugmentParams,
    augment_batch,
    denormalize,
    normalize,
    preprocess_batch,
)
from emotion.models.backbones import build_backbone, resolve_timm_name
from emotion.models.checkpoint import Checkpoint

EPOCHS, BATCH, LR, SEED = 2, 16, 3e-4, 0
SCALED = 256  # images on which mean and standard deviation of the features are measured
WEAK = AugmentParams(crop_area=0.9, rotation=5.0, color=0.1, erase=0.0)


def learn_features(name: str, teacher: Checkpoint, rows: pd.DataFrame) -> dict[str, Tensor]:
    """Weights of the timm network `name`, for images of the teacher's size.

    Args:
        name: a network with a stage of as many cells, or patches, as one of the teacher.
        teacher: a convolutional network.
        rows: manifest of the training images.
    """
    torch.manual_seed(SEED)
    info, size = resolve_timm_name(name), teacher.preprocessing.img_size
    backbone, preprocessing = build_backbone(info, size), info.preprocessing(size, grayscale=False)
    images = open_images(face_images(rows), preprocessing, CacheParams(), "decode")
    steps = [(epoch, chosen) for epoch in range(1, EPOCHS + 1) for chosen in batches(epoch, rows)]
    views = (
        augment_batch(batch, chosen, SEED, epoch, preprocessing, WEAK)
        for (epoch, chosen), batch in zip(
            steps, images.batches([chosen for _, chosen in steps]), strict=True
        )
    )
    first = preprocess_batch(next(images.batches([np.arange(SCALED)])), preprocessing)
    task = FeatureRegression(backbone, preprocessing, teacher, first)
    optimizer = torch.optim.AdamW(task.learned, weight_decay=1e-4)
    schedule = OneCycleLR(optimizer, LR, len(steps), pct_start=0.05)
    with tqdm(views, "learn features", len(steps)) as bar:
        for batch in bar:
            losses = task.losses(batch)
            optimizer.zero_grad()
            sum(losses, torch.zeros(())).backward()
            nn.utils.clip_grad_norm_(task.learned, 1.0)
            optimizer.step()
            schedule.step()
            bar.set_postfix_str(", ".join(f"{loss.item():.3f}" for loss in losses))
    return {f"backbone.{key}": value for key, value in backbone.state_dict().items()}


def batches(epoch: int, rows: pd.DataFrame) -> list[np.ndarray]:
    """Row numbers of each batch, in another order per epoch."""
    order = np.random.default_rng([SEED, epoch]).permutation(len(rows))
    return np.array_split(order, len(rows) // BATCH)


class FeatureRegression:
    """Predict the teacher's features, each scaled to mean 0 and variance 1, by linear layers.

    Args:
        backbone: the student.
        preprocessing: of the student.
        teacher: a convolutional network.
        first: views (N, 3, H, W) on which the scales are measured.
    """

    def __init__(
        self, backbone: nn.Module, preprocessing: Preprocessing, teacher: Checkpoint, first: Tensor
    ):
        self.backbone, self.preprocessing = backbone, preprocessing
        self.teacher, self.expected = teacher.build_model().backbone, teacher.preprocessing
        with torch.no_grad():
            grids = stage_sizes(backbone, first[:1]) & stage_sizes(self.teacher, first[:1])
            self.grid = min(grids)
            targets = [features.flatten(0, -2) for features in self._targets(first)]
            inputs = features_of(backbone, first[:1], self.grid)
        self.scales = [(values.mean(0), values.std(0) + 1e-2) for values in targets]
        self.layers = [
            nn.Linear(x.shape[-1], y.shape[-1]) for x, y in zip(inputs, targets, strict=True)
        ]
        self.learned = [*backbone.parameters(), *nn.ModuleList(self.layers).parameters()]

    def losses(self, views: Tensor) -> list[Tensor]:
        """Mean squared error of the cells' features, and of the images'."""
        inputs = features_of(self.backbone, views, self.grid)
        return [
            F.mse_loss(layer(x), (y - mean) / std)
            for layer, x, y, (mean, std) in zip(
                self.layers, inputs, self._targets(views), self.scales, strict=True
            )
        ]

    @torch.no_grad()
    def _targets(self, views: Tensor) -> list[Tensor]:
        images = normalize(denormalize(views, self.preprocessing), self.expected)
        return features_of(self.teacher, images, self.grid)


def features_of(backbone: Any, images: Tensor, grid: tuple[int, int]) -> list[Tensor]:
    """Features of each cell of the last stage of that size (N, cells, C), and of images (N, F)."""
    last, stages = backbone.forward_intermediates(images, norm=True)
    local = [stage for stage in stages if stage.shape[-2:] == grid][-1]
    return [local.flatten(2).mT, backbone.forward_head(last, pre_logits=True)]


def stage_sizes(backbone: Any, images: Tensor) -> set[tuple[int, int]]:
    """Height and width of each stage, in cells."""
    _, stages = backbone.forward_intermediates(images)
    return {tuple(stage.shape[-2:]) for stage in stages}
