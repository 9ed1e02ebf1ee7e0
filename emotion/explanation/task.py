"""What is explained: a model's predictions on test images, prepared once for all methods."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from emotion.data.batches import read_pixels
from emotion.data.transforms import normalize
from emotion.explanation.budget import ImageCounts, count_images
from emotion.explanation.faithfulness.deletion import Endpoints, score_endpoints
from emotion.explanation.images import order_probes_first, read_evidence, read_regions, read_units
from emotion.explanation.methods.attribution import ExplainerOptions
from emotion.explanation.params import ExplainParams
from emotion.models.checkpoint import Checkpoint
from emotion.models.classifier import EmotionClassifier
from emotion.models.fuse_batchnorm import fuse_batchnorm
from emotion.models.parallel import forward_batches

_BACKGROUND = 16  # reference images of SHAP


@dataclass(frozen=True, kw_only=True)
class ExplainTask:
    """A model, and N test images whose predicted classes are explained; the probe images first."""

    model: EmotionClassifier  # no method modifies it
    class_names: list[str]  # in the order of the logits
    counts: ImageCounts  # of probe images, and of images per method
    rows: pd.DataFrame  # of the manifest, N, numbered from 0
    images: Tensor  # float32 (N, 3, H, W), normalized, on the device of the model
    targets: Tensor  # int64 (N,), predicted classes
    endpoints: Endpoints  # of the deletion and insertion curves; `original` is the confidence
    options: ExplainerOptions
    shown: np.ndarray  # float32 (N, H, W, 3), RGB in 0..1, of the figures
    evidence: np.ndarray  # bool (N, H, W); all False for an image without a mask
    regions: np.ndarray  # uint8 (N, H, W), values of face_regions.LEVELS, or 0

    @property
    def predicted(self) -> list[str]:
        """The predicted class of each image."""
        return [self.class_names[index] for index in self.targets.tolist()]


def prepare_task(checkpoint: Checkpoint, rows: pd.DataFrame, params: ExplainParams) -> ExplainTask:
    """Choose the images, read them and their masks, and predict them.

    Args:
        checkpoint: the model.
        rows: the test split.
        params: how many images, and the options of the methods.

    Raises:
        UserError: no row has a class of the model, an image cannot be read, a region mask has
            unknown values, or a cell of evidence_units names no action unit.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.deterministic = True  # gradients: the same maps in every run
    preprocessing, class_names = checkpoint.preprocessing, checkpoint.class_names
    img_size = preprocessing.img_size
    # No method needs gradients of the weights, and the operation counter fails on some.
    model = fuse_batchnorm(checkpoint.build_model(), img_size).to_device(device)
    model = model.requires_grad_(False)
    ordered, probes = order_probes_first(rows, class_names, params.images_per_class)
    counts = count_images(model, img_size, len(ordered), probes, params)
    rows = ordered.head(counts.single)
    pixels = read_pixels(rows, preprocessing, "explained images")
    background = read_pixels(ordered.tail(_BACKGROUND), preprocessing, "background images")
    evidence, regions = read_evidence(rows, preprocessing), read_regions(rows, preprocessing)
    read_units(rows)  # reports a mistake before the methods run for a minute
    images = normalize(pixels, preprocessing).to(device)
    confidences, targets = forward_batches(model, images).softmax(dim=1).max(dim=1)
    return ExplainTask(
        model=model,
        class_names=class_names,
        counts=counts,
        rows=rows,
        images=images,
        targets=targets,
        endpoints=score_endpoints(model, images, targets, confidences.cpu().numpy()),
        options=ExplainerOptions(
            background=normalize(background, preprocessing).to(device),
            shap_samples=params.shap_samples,
            lime_samples=params.lime_samples,
            target_layer=params.target_layer,
        ),
        shown=pixels.permute(0, 2, 3, 1).numpy(),
        evidence=evidence,
        regions=regions,
    )
