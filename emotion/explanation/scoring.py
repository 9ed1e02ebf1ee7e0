"""Score the maps of each method: faithfulness, agreement with the evidence, randomization."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from torch import nn
from tqdm import tqdm

from emotion.explanation.faithfulness.deletion import delete_and_insert
from emotion.explanation.faithfulness.evidence import score_evidence
from emotion.explanation.faithfulness.randomization import check_randomization
from emotion.explanation.faithfulness.road import road
from emotion.explanation.methods import BASELINES, EXPLAINERS, SAMPLING
from emotion.explanation.methods.attribution import Attribution, Explainer, NotApplicableError
from emotion.explanation.task import ExplainTask
from emotion.models.classifier import name_stages

# Images of the randomization check; a method of many passes per image runs it on the second number,
# and only with all weights destroyed.
RANDOMIZED_IMAGES, RANDOMIZED_IMAGES_SAMPLING = 8, 3


@dataclass(frozen=True, kw_only=True)
class MethodScores:
    """The maps of one method for the first n images of a task, and their scores.

    Every score is a float array of shape (n,), NaN where it is undefined.
    """

    attribution: Attribution
    deletion: np.ndarray  # in 0..1, lower is better
    insertion: np.ndarray  # in 0..1, higher is better
    road: np.ndarray  # in -0.5..0.5; NaN after the first images: a sparse system each
    mass: np.ndarray  # relevance mass accuracy, in 0..1
    pointing: np.ndarray  # pointing game, 0 or 1
    area: np.ndarray  # share of the image that the evidence covers, in 0..1
    # Rank correlations of a few images after each step of the randomization check.
    randomization: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Number of images."""
        return len(self.attribution.maps)


def score_methods(
    task: ExplainTask, methods: Sequence[str]
) -> tuple[dict[str, MethodScores], dict[str, str]]:
    """Compute and score the maps of each method.

    Args:
        task: the model and the images.
        methods: keys of EXPLAINERS.

    Returns:
        The scores by method, and the reason by method that cannot explain this architecture.
    """
    scores: dict[str, MethodScores] = {}
    left_out: dict[str, str] = {}
    with tqdm(methods, desc="explain", unit="method", leave=False) as bar:
        for name in bar:
            bar.set_postfix_str(name)
            try:
                scores[name] = _score_method(task, name)
            except NotApplicableError as error:
                left_out[name] = str(error)
                tqdm.write(f"explain: {name} is left out: {error}")
    return scores, left_out


def score_baselines(task: ExplainTask) -> dict[str, MethodScores]:
    """The scores of the maps that do not depend on the prediction, on all images of the task."""
    return {
        name: _score_maps(task, explain, len(task.images)) for name, explain in BASELINES.items()
    }


def _score_method(task: ExplainTask, name: str) -> MethodScores:
    explain, is_sampling = EXPLAINERS[name], name in SAMPLING
    count = task.counts.sampling if is_sampling else task.counts.single
    scores = _score_maps(task, explain, count)
    correlations = _randomize(task, explain, scores.attribution.maps, is_sampling)
    return replace(scores, randomization=correlations)


def _score_maps(task: ExplainTask, explain: Explainer, count: int) -> MethodScores:
    """All scores of the first `count` images but the randomization check."""
    model, images, targets = task.model, task.images[:count], task.targets[:count]
    attribution = explain(model, images, targets, task.options)
    curves = delete_and_insert(
        model, images, targets, attribution.maps, task.endpoints.first(count)
    )
    removed = np.full(count, np.nan)
    some = slice(min(count, task.counts.sampling))
    removed[some] = road(model, images[some], targets[some], attribution.maps[some])
    evidence = score_evidence(attribution.maps, task.evidence[:count])
    return MethodScores(
        attribution=attribution,
        deletion=curves.deletion,
        insertion=curves.insertion,
        road=removed,
        mass=evidence.mass,
        pointing=evidence.pointing,
        area=evidence.area,
    )


def _randomize(
    task: ExplainTask, explain: Explainer, maps: np.ndarray, is_sampling: bool
) -> dict[str, np.ndarray]:
    """The randomization check of a method; `maps` (N, H, W) are those of the intact network."""
    count = RANDOMIZED_IMAGES_SAMPLING if is_sampling else RANDOMIZED_IMAGES
    images, targets = task.images[:count], task.targets[:count]
    cascade = name_stages(task.model)
    if is_sampling:
        cascade = {"everything": [name for names in cascade.values() for name in names]}

    def explain_again(destroyed: nn.Module) -> np.ndarray:
        return explain(destroyed, images, targets, task.options).maps

    return check_randomization(explain_again, task.model, cascade, maps[:count])
