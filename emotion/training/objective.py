"""What training minimizes: one loss on labels, and a teacher's answers where there is one."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from emotion.data.transforms import normalize, per_channel
from emotion.inference import InputSpec
from emotion.losses import LOSSES
from emotion.losses.distillation import distillation
from emotion.losses.weighting import smooth_targets, weighted_mean
from emotion.training.params import TrainParams


class Objective:
    """The loss of one run.

    Args:
        params: the recipe.
        class_weights: (C,), on the training device.
        class_counts: training rows of each class, (C,).
        teacher: None, or the network to learn from and what it expects of an image.
        spec: what our network expects.
    """

    def __init__(
        self,
        params: TrainParams,
        class_weights: Tensor,
        class_counts: Tensor,
        teacher: tuple[nn.Module, InputSpec] | None,
        spec: InputSpec,
    ):
        self.params, self.class_counts = params, class_counts
        self.teacher, self.spec = teacher, spec
        self.late_weights, self.early_weights = class_weights, torch.ones_like(class_weights)

    def weights(self, epoch: int) -> Tensor:
        """Class weights (C,): ones until `reweight_from` of the epochs have passed."""
        early = epoch <= self.params.reweight_from * self.params.epochs
        return self.early_weights if early else self.late_weights

    def total(self, targets: Tensor, epoch: int) -> Tensor:
        """The denominator of a whole batch's loss, from its targets (N, C)."""
        return (self._smooth(targets) * self.weights(epoch)).sum()

    def __call__(
        self, logits: Tensor, targets: Tensor, views: Tensor, epoch: int, total: Tensor, count: int
    ) -> Tensor:
        """What a part of a batch adds to the batch's loss; the parts' losses sum to the whole's.

        Args:
            logits: (n, C).
            targets: (n, C).
            views: what the network saw, normalized (n, 3, H, W): the teacher sees the same.
            epoch: from 1.
            total: of the whole batch.
            count: images in the whole batch.
        """
        losses = LOSSES[self.params.loss](logits, self.class_counts)
        loss = weighted_mean(losses, self._smooth(targets), self.weights(epoch), total)
        if self.teacher is None:
            return loss
        taught = distillation(logits, self._ask_teacher(views), self.params.teacher_temperature)
        weight = self.params.teacher_weight
        return (1 - weight) * loss + weight * taught.sum() / count

    def _smooth(self, targets: Tensor) -> Tensor:
        return smooth_targets(targets, self.params.label_smoothing)

    @torch.no_grad()
    def _ask_teacher(self, views: Tensor) -> Tensor:
        """The teacher's logits on the same views, at its own size and normalization."""
        model, spec = self.teacher
        images = views * per_channel(self.spec.std, views) + per_channel(self.spec.mean, views)
        seen = normalize(images, spec.mean, spec.std)
        if spec.img_size != self.spec.img_size:
            seen = F.interpolate(seen, size=spec.img_size, mode="bilinear", antialias=True)
        return model(seen.contiguous(memory_format=torch.channels_last)).float()
