"""What training minimizes: a loss on labels, and a distillation term where there is a teacher."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from emotion.data.preprocessing import Preprocessing
from emotion.data.transforms import denormalize, normalize
from emotion.training.losses import LOSSES
from emotion.training.losses.distillation import distillation
from emotion.training.losses.weighting import smooth_targets, weighted_mean
from emotion.training.params import TrainParams

BatchLoss = Callable[[Tensor, Tensor, Tensor], Tensor]


class Objective:
    """The loss of one run.

    Args:
        params: the recipe.
        class_weights: (C,), on the training device.
        class_counts: training rows of each class, (C,).
        teacher: None, or the network to learn from and its preprocessing.
        preprocessing: of the network that is trained.
    """

    def __init__(
        self,
        params: TrainParams,
        class_weights: Tensor,
        class_counts: Tensor,
        teacher: tuple[nn.Module, Preprocessing] | None,
        preprocessing: Preprocessing,
    ):
        self.params, self.class_counts = params, class_counts
        self.teacher, self.preprocessing = teacher, preprocessing
        self.late_weights, self.early_weights = class_weights, torch.ones_like(class_weights)

    def class_weights(self, epoch: int) -> Tensor:
        """Class weights (C,): ones until `reweight_from` of the epochs have passed."""
        early = epoch <= self.params.reweight_from * self.params.epochs
        return self.early_weights if early else self.late_weights

    def for_batch(self, targets: Tensor, epoch: int) -> BatchLoss:
        """The loss of one batch, as a function of its micro-batches.

        Args:
            targets: of the whole batch, over all processes, (N, C).
            epoch: from 1.

        Returns:
            A function of the logits (n, C), targets (n, C) and views (n, 3, H, W) of a micro-batch.
            Its values over all micro-batches sum to the loss of the batch.
        """
        weights = self.class_weights(epoch)
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
        """The teacher's logits on the same views, at its own size and normalization."""
        images = normalize(denormalize(views, self.preprocessing), expected)
        if expected.img_size != self.preprocessing.img_size:
            images = F.interpolate(images, size=expected.img_size, mode="bilinear", antialias=True)
        logits: Tensor = teacher(images.contiguous(memory_format=torch.channels_last))
        return logits.float()
