"""What is explained, the maps of one method, and the scores of each of them."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from emotion.explanation.budget import ImageCounts, count_images
from emotion.explanation.faithfulness.deletion import Ends, delete_and_insert, find_ends
from emotion.explanation.faithfulness.evidence import score_evidence
from emotion.explanation.faithfulness.randomization import check_randomization
from emotion.explanation.faithfulness.road import road
from emotion.explanation.images import ExplainedImages, choose_rows, load_images
from emotion.explanation.methods.attribution import Attribution, Explainer, ExplainerOptions
from emotion.explanation.params import ExplainParams
from emotion.models.checkpoint import Checkpoint
from emotion.models.classifier import EmotionClassifier, name_stages
from emotion.models.fuse_batchnorm import fold_norms
from emotion.models.parallel import forward_batches

# Images of the randomization check; a method of many passes per image runs it on the second number,
# and only with all weights destroyed.
RANDOMIZED_IMAGES, RANDOMIZED_IMAGES_SAMPLING = 8, 3


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is to be explained: a model's predictions on images."""

    model: EmotionClassifier  # not modified by any method
    images: ExplainedImages
    targets: Tensor  # the predicted classes, (N,)
    options: ExplainerOptions
    ends: Ends  # of deletion and insertion; `ends.sharp` is the confidence of the predictions
    counts: ImageCounts


@dataclass(frozen=True, kw_only=True)
class Scored:
    """One method on the first n images; every score is an array (n,), NaN where undefined."""

    attribution: Attribution
    deletion: np.ndarray
    insertion: np.ndarray
    road: np.ndarray  # NaN after the first images: a sparse system each
    mass: np.ndarray
    pointing: np.ndarray
    area: np.ndarray
    # Rank correlations of a few images after each step of the randomization check.
    randomization: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Number of images."""
        return len(self.attribution.maps)


def prepare_task(checkpoint: Checkpoint, rows: pd.DataFrame, params: ExplainParams) -> Task:
    """Load the images, and predict them.

    Args:
        checkpoint: the model.
        rows: the test split.
        params: how many images, and the options of the methods.

    Raises:
        UserError: no row has a class of the model, or an image or a mask cannot be used.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    img_size = checkpoint.preprocessing.img_size
    # No method needs gradients of the weights, and the counter of operations fails on some.
    model = fold_norms(checkpoint.build_model(), img_size).to_device(device).requires_grad_(False)
    ordered, probes = choose_rows(rows, checkpoint.class_names, params.images_per_class)
    counts = count_images(model, img_size, len(ordered), probes, params)
    images = load_images(ordered, probes, counts.single, checkpoint.preprocessing, device)
    confidences, targets = forward_batches(model, images.images).softmax(dim=1).max(dim=1)
    return Task(
        model=model,
        images=images,
        targets=targets,
        options=ExplainerOptions(
            background=images.background,
            shap_samples=params.shap_samples,
            lime_samples=params.lime_samples,
            target_layer=params.target_layer,
        ),
        ends=find_ends(model, images.images, targets, confidences.cpu().numpy()),
        counts=counts,
    )


def score_maps(explain: Explainer, task: Task, count: int) -> Scored:
    """Make the maps of the first `count` images and score them, but for the randomization check.

    Raises:
        NotApplicableError: the method cannot explain this architecture.
    """
    model, images, targets = task.model, task.images.images[:count], task.targets[:count]
    attribution = explain(model, images, targets, task.options)
    ends = task.ends.head(count)
    curves = delete_and_insert(model, images, targets, attribution.maps, ends)
    removed = np.full(count, np.nan)
    some = slice(min(count, task.counts.sampling))
    removed[some] = road(model, images[some], targets[some], attribution.maps[some])
    evidence = score_evidence(attribution.maps, task.images.evidence[:count])
    return Scored(
        attribution=attribution,
        deletion=curves.deletion,
        insertion=curves.insertion,
        road=removed,
        mass=evidence.mass,
        pointing=evidence.pointing,
        area=evidence.area,
    )


def randomize(
    explain: Explainer, task: Task, maps: np.ndarray, is_sampling: bool
) -> dict[str, np.ndarray]:
    """The randomization check of a method, see `check_randomization`.

    Args:
        explain: the method.
        task: the model and the images.
        maps: those of the intact network, (N, H, W).
        is_sampling: whether the method needs many passes per image.
    """
    count = RANDOMIZED_IMAGES_SAMPLING if is_sampling else RANDOMIZED_IMAGES
    images, targets = task.images.images[:count], task.targets[:count]
    cascade = name_stages(task.model)
    if is_sampling:
        cascade = {"everything": [name for names in cascade.values() for name in names]}

    def explain_again(destroyed: nn.Module) -> np.ndarray:
        return explain(destroyed, images, targets, task.options).maps

    return check_randomization(explain_again, task.model, cascade, maps[:count])
