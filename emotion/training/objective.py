"""The loss of a run: a loss on labels of LOSSES, and a distillation term if there is a teacher."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from emotion.data.preprocessing import Preprocessing
from emotion.data.transforms import denormalize, normalize
from emotion.models.checkpoint import Checkpoint
from emotion.training.losses import LOSSES
from emotion.training.losses.distillation import distillation
from emotion.training.losses.weighting import smooth_targets, weighted_mean
from emotion.training.params import TrainParams

BatchLoss = Callable[[Tensor, Tensor, Tensor], Tensor]


def build_objective(
    params: TrainParams,
    class_weights: dict[str, float],
    labels: np.ndarray,
    teacher: Checkpoint | None,
    preprocessing: Preprocessing,
    device: str,
) -> "Objective":
    """The loss of the recipe, with its class weights and its teacher on the training device.

    Args:
        params: the recipe.
        class_weights: by class name, in the order of the logits.
        labels: class indices of the training rows, int64 (N,).
        teacher: the network to learn from, if any.
        preprocessing: of the network that is trained.
        device: cuda or cpu.
    """
    weights = torch.tensor(list(class_weights.values())).to(device)
    counts = torch.from_numpy(np.bincount(labels, minlength=len(weights))).float().to(device)
    network = None
    if teacher is not None:
        network = teacher.build_model().to_device(device), teacher.preprocessing
    return Objective(params, weights, counts, network, preprocessing)


@dataclass(frozen=True)
class Objective:
    """The loss of one run. All tensors and the teacher are on the training device."""

    params: TrainParams
    class_weights: Tensor  # float32 (C,)
    class_counts: Tensor  # training rows of each class, float32 (C,)
    teacher: tuple[nn.Module, Preprocessing] | None  # the network to learn from, if any
    preprocessing: Preprocessing  # of the network that is trained

    def weights_in(self, epoch: int) -> Tensor:
        """Class weights (C,) in an epoch, from 1.

        They are ones in the first `reweight_from` of the epochs: deferred re-weighting (Cao et
        al., "Label-distribution-aware margin loss", NeurIPS 2019).
        """
        early = epoch <= self.params.reweight_from * self.params.epochs
        return torch.ones_like(self.class_weights) if early else self.class_weights

    def for_batch(self, targets: Tensor, epoch: int) -> BatchLoss:
        """The loss of one batch, as a function of its micro-batches.

        Args:
            targets: of the whole batch, over all processes, float32 (N, C), rows summing to 1.
            epoch: from 1.

        Returns:
            A function of the logits (n, C), targets (n, C) and views (n, 3, H, W) of a micro-batch,
            all float32, to a scalar. Its values over all micro-batches sum to the loss of the
            batch.
        """
        weights = self.weights_in(epoch)
        total = (self._smooth(targets) * weights).sum()
        count = len(targets)

        def loss_of(logits: Tensor, targets: Tensor, views: Tensor) -> Tensor:
            losses = LOSSES[self.params.loss](logits, self.class_counts)
            loss = weighted_mean(losses, self._smooth(targets), weights, total)
            if self.teacher is None:
                return loss
            teacher_logits = self._teacher_logits(*self.teacher, views)
            distilled = distillation(logits, teacher_logits, self.params.teacher_temperature)
            weight = self.params.teacher_weight
            return (1 - weight) * loss + weight * distilled.sum() / count

        return loss_of

    def _smooth(self, targets: Tensor) -> Tensor:
        return smooth_targets(targets, self.params.label_smoothing)

    @torch.no_grad()
    def _teacher_logits(self, teacher: nn.Module, expected: Preprocessing, views: Tensor) -> Tensor:
        """The teacher's logits on the same views, resized and normalized as it expects."""
        images = normalize(denormalize(views, self.preprocessing), expected)
        if expected.img_size != self.preprocessing.img_size:
            images = F.interpolate(images, size=expected.img_size, mode="bilinear", antialias=True)
        logits: Tensor = teacher(images.contiguous(memory_format=torch.channels_last))
        return logits.float()
