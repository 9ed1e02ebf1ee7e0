"""The greedy soup: an average of weights that adds only ingredients that help on validation.

Wortsman et al., "Model soups", ICML 2022, Recipe 1, with two changes. The criterion is the negative
log-likelihood instead of the accuracy, which is noisier: on 589 images its standard error is 0.018.
And BatchNorm statistics are measured again after averaging, since the average of the statistics is
not the statistics of the average.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import update_bn

from emotion.core.errors import UserError
from emotion.data.batches import load_batches
from emotion.data.cache import Images
from emotion.data.preprocessing import Preprocessing
from emotion.metrics.scores import accuracy, macro_f1, nll
from emotion.models.checkpoint import Checkpoint
from emotion.models.classifier import EmotionClassifier, copy_state
from emotion.models.inference import predict_logits
from emotion.training.soup.ingredients import Ingredient

NORM_IMAGES = 2048  # of the training split, on which BatchNorm statistics are measured
_BATCH = 64


@dataclass(frozen=True, kw_only=True)
class ValidationScores:
    """The scores of a network on the validation split."""

    nll: float  # mean negative log-likelihood, natural logarithm
    accuracy: float  # 0..1
    macro_f1: float  # 0..1


@dataclass(frozen=True, kw_only=True)
class Step:
    """One ingredient, in the order in which they were tried."""

    name: str
    alone: ValidationScores
    average: ValidationScores  # of the soup with it
    kept: bool


@dataclass(frozen=True, kw_only=True)
class Soup:
    """The result: an average, or the best ingredient alone if no average is better."""

    checkpoint: Checkpoint
    scores: ValidationScores
    steps: list[Step]

    @property
    def count(self) -> int:
        """Ingredients of the average; 1 is no average."""
        return sum(step.kept for step in self.steps)


def greedy_soup(
    ingredients: Sequence[Ingredient],
    train: Images,
    val: Images,
    labels: np.ndarray,
    advance: Callable[[], object] = lambda: None,
) -> Soup:
    """Try the ingredients from the best to the worst; keep each that does not raise the NLL.

    Args:
        ingredients: checked by `check_ingredients`, at least one.
        train: the training split.
        val: the validation split, N images.
        labels: class indices of the validation split, int64 (N,).
        advance: called after each network that was scored: twice per ingredient, less one.

    Returns:
        Its checkpoint's `epoch`, `params` and `history` are those of the best ingredient.

    Raises:
        UserError: the logits of an ingredient are not finite.
    """
    preprocessing = ingredients[0].checkpoint.preprocessing
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    def score(network: EmotionClassifier) -> ValidationScores:
        scores = score_logits(predict_logits(network, val, preprocessing, _BATCH), labels)
        advance()
        return scores

    scored = [
        (each, score(each.checkpoint.build_model().to_device(device))) for each in ingredients
    ]
    _check_finite(scored)
    (first, scores), *others = sorted(scored, key=lambda pair: pair[1].nll)
    kept, state = [first], first.checkpoint.state_dict
    steps = [Step(name=first.name, alone=scores, average=scores, kept=True)]
    for ingredient, alone in others:
        tried = [*kept, ingredient]
        network = average([each.checkpoint for each in tried]).build_model().to_device(device)
        measure_norms(network, train, preprocessing)
        found = score(network)
        helps = found.nll <= scores.nll
        if helps:
            kept, scores, state = tried, found, copy_state(network)
        steps.append(Step(name=ingredient.name, alone=alone, average=found, kept=helps))
    return Soup(checkpoint=describe_average(kept, state, scores), scores=scores, steps=steps)


def _check_finite(scored: Sequence[tuple[Ingredient, ValidationScores]]) -> None:
    """Raise if a network overflows: NaN is neither better nor worse than other scores."""
    if names := [each.name for each, scores in scored if not math.isfinite(scores.nll)]:
        raise UserError(
            f"the logits of {', '.join(names)} on the validation split are not finite",
            "leave it out, since it has diverged",
        )


def score_logits(logits: np.ndarray, labels: np.ndarray) -> ValidationScores:
    """The scores of logits, float32 (N, C), against class indices, int64 (N,).

    The NLL is NaN if a logit is not finite.
    """
    predicted = logits.argmax(axis=1)
    return ValidationScores(
        nll=nll(logits, labels) if np.isfinite(logits).all() else math.nan,
        accuracy=accuracy(labels, predicted),
        macro_f1=macro_f1(labels, predicted, logits.shape[1]),
    )


def describe_average(
    ingredients: Sequence[Ingredient], state_dict: dict[str, Tensor], scores: ValidationScores
) -> Checkpoint:
    """The checkpoint of the first ingredient, with the weights and the scores of the average."""
    first = ingredients[0].checkpoint
    if len(ingredients) == 1:
        return first
    return dataclasses.replace(
        first,
        state_dict=state_dict,
        ingredients=[ingredient.name for ingredient in ingredients],
        val_accuracy=scores.accuracy,
        val_macro_f1=scores.macro_f1,
        best_value=scores.macro_f1 if first.monitor == "macro_f1" else scores.accuracy,
    )


def average(checkpoints: Sequence[Checkpoint]) -> Checkpoint:
    """The first checkpoint with the mean of all weights and buffers.

    Args:
        checkpoints: at least one, with tensors of the same names, shapes and dtypes.
    """
    states = [checkpoint.state_dict for checkpoint in checkpoints]
    mean = {
        # In float64: the order of the sum does not matter. Counters are integers.
        name: torch.stack([state[name].double() for state in states]).mean(dim=0).to(tensor.dtype)
        for name, tensor in states[0].items()
    }
    return dataclasses.replace(checkpoints[0], state_dict=mean)


def measure_norms(network: EmotionClassifier, train: Images, preprocessing: Preprocessing) -> None:
    """Replace the BatchNorm statistics by those of training images.

    Args:
        network: changed in place; its mode is restored. Without BatchNorm, nothing changes.
        train: the training split; NORM_IMAGES of it are used.
        preprocessing: of the network.
    """
    count = min(len(train), NORM_IMAGES)
    rows = np.unique(np.linspace(0, len(train) - 1, count).astype(int))
    batches = np.array_split(rows, -(-count // _BATCH))  # equal batches: each counts the same
    device = next(network.parameters()).device
    update_bn(load_batches(train, preprocessing, batches, device), network)
