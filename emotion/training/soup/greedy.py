"""The greedy soup: an average of weights that takes in only what helps on validation.

Wortsman et al., "Model soups", 2022, Recipe 1, with two changes. The criterion is the negative
log-likelihood instead of the accuracy, which is noisier: on 589 images its standard error is 0.018.
And BatchNorm statistics are measured again after averaging, since the average of the statistics is
not the statistics of the average.
"""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import update_bn

from emotion.data.cache import Images
from emotion.data.preprocessing import Preprocessing
from emotion.data.transforms import preprocess_batch
from emotion.metrics.scores import accuracy, macro_f1, nll
from emotion.models.checkpoint import Checkpoint
from emotion.models.classifier import EmotionClassifier, copy_state
from emotion.models.inference import predict_logits
from emotion.training.soup.ingredients import Member

NORM_IMAGES = 2048  # of the training split, that BatchNorm statistics are measured on
_BATCH = 64


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Of a network on the validation split."""

    nll: float
    accuracy: float
    macro_f1: float


@dataclass(frozen=True, kw_only=True)
class Step:
    """One member, in the order in which they were tried."""

    name: str
    alone: Scores
    average: Scores  # of the soup with it
    kept: bool


@dataclass(frozen=True, kw_only=True)
class Soup:
    """The result: an average, or the best member alone where no average is better."""

    checkpoint: Checkpoint
    scores: Scores
    steps: list[Step]

    @property
    def count(self) -> int:
        """Number of runs in the average; 1 is none."""
        return sum(step.kept for step in self.steps)


def greedy_soup(
    members: Sequence[Member],
    train: Images,
    val: Images,
    labels: np.ndarray,
    advance: Callable[[], object] = lambda: None,
) -> Soup:
    """Try the members from the best to the worst; keep each that does not raise the NLL.

    Args:
        members: checked by `check_members`, at least one.
        train: the training split.
        val: the validation split.
        labels: class indices of the validation split, (N,).
        advance: called after each network that was scored: twice per member, less one.

    Returns:
        Its checkpoint's `epoch`, `params` and `history` are those of the best member.
    """
    preprocessing = members[0].checkpoint.preprocessing
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    def score(network: EmotionClassifier) -> Scores:
        scores = score_logits(predict_logits(network, val, preprocessing, _BATCH), labels)
        advance()
        return scores

    alone = [score(member.checkpoint.build_model().to_device(device)) for member in members]
    order = sorted(zip(members, alone, strict=True), key=lambda pair: pair[1].nll)
    (first, scores), *others = order
    kept, state = [first], first.checkpoint.state_dict
    steps = [Step(name=first.name, alone=scores, average=scores, kept=True)]
    for member, own in others:
        network = average([m.checkpoint for m in [*kept, member]]).build_model().to_device(device)
        measure_norms(network, train, preprocessing)
        found = score(network)
        helps = found.nll <= scores.nll
        if helps:
            kept, scores, state = [*kept, member], found, copy_state(network)
        steps.append(Step(name=member.name, alone=own, average=found, kept=helps))
    return Soup(checkpoint=describe_average(kept, state, scores), scores=scores, steps=steps)


def score_logits(logits: np.ndarray, labels: np.ndarray) -> Scores:
    """The scores of logits (N, C) against class indices (N,)."""
    predicted = logits.argmax(axis=1)
    return Scores(
        nll=nll(logits, labels),
        accuracy=accuracy(labels, predicted),
        macro_f1=macro_f1(labels, predicted, logits.shape[1]),
    )


def describe_average(
    members: Sequence[Member], state_dict: dict[str, Tensor], scores: Scores
) -> Checkpoint:
    """The checkpoint of the first member, with the weights and the scores of the average."""
    first = members[0].checkpoint
    if len(members) == 1:
        return first
    return dataclasses.replace(
        first,
        state_dict=state_dict,
        members=[member.name for member in members],
        val_accuracy=scores.accuracy,
        val_macro_f1=scores.macro_f1,
        best_value=scores.macro_f1 if first.monitor == "macro_f1" else scores.accuracy,
    )


def average(checkpoints: Sequence[Checkpoint]) -> Checkpoint:
    """The first checkpoint with the mean of all weights and buffers."""
    states = [checkpoint.state_dict for checkpoint in checkpoints]
    mean = {
        # In float64: the sum does not depend on the order of the last bits. Counters are integers.
        name: torch.stack([state[name].double() for state in states]).mean(dim=0).to(tensor.dtype)
        for name, tensor in states[0].items()
    }
    return dataclasses.replace(checkpoints[0], state_dict=mean)


def measure_norms(network: EmotionClassifier, train: Images, preprocessing: Preprocessing) -> None:
    """Replace the BatchNorm statistics by those of training images; the mode is restored.

    Args:
        network: changed in place; without BatchNorm, it is left as it is.
        train: the training split; NORM_IMAGES of it are used.
        preprocessing: of the network.
    """
    count = min(len(train), NORM_IMAGES)
    rows = np.unique(np.linspace(0, len(train) - 1, count).astype(int))
    device = next(network.parameters()).device
    batches = np.array_split(rows, -(-count // _BATCH))  # equal batches: each counts the same
    views = (
        preprocess_batch(images.to(device), preprocessing).contiguous(
            memory_format=torch.channels_last
        )
        for images in train.batches(batches)
    )
    update_bn(views, network)
