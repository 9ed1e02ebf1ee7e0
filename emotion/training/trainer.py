"""The training loop: stage 1 trains the head on a frozen backbone, stage 2 trains everything.

What is validated, selected and saved is one and the same network: the exponential moving average
where it is on. The test split is not reachable from here.
"""

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.metrics import log_loss
from timm.utils import ModelEmaV3
from torch import Tensor

from emotion.core.errors import UserError
from emotion.core.seeding import derive_seed
from emotion.data.mixing import mix_batch
from emotion.data.transforms import train_batch
from emotion.inference import InputSpec, predict_logits
from emotion.losses import LOSSES
from emotion.losses.weighting import smooth_targets
from emotion.metrics import accuracy, macro_f1
from emotion.models.classifier import EmotionClassifier
from emotion.training.journal import Journal
from emotion.training.optimizer import build_optimizer, set_learning_rates
from emotion.training.params import TrainParams
from emotion.training.precision import Precision
from emotion.training.sampling import epoch_batches
from emotion.training.schedules import learning_rate_shares


@dataclass(frozen=True, kw_only=True)
class LabelledPictures:
    """One split in memory."""

    pictures: Tensor  # uint8 (N, 3, S, S), from the cache
    labels: np.ndarray  # class indices (N,)
    targets: Tensor  # float32 (N, C): one-hot labels, or what annotators said


class Trainer:
    """The state of one run, and what one epoch does to it.

    Args:
        model: on the training device.
        train_set: the training split.
        class_weights: (C,), ones where weighting is off.
        spec: input side and normalisation of the backbone.
        params: the recipe.
        precision: autocast formats.
        journal: where steps and epochs are told.
    """

    def __init__(
        self,
        model: EmotionClassifier,
        train_set: LabelledPictures,
        class_weights: Tensor,
        spec: InputSpec,
        params: TrainParams,
        precision: Precision,
        journal: Journal,
    ):
        self.model = model
        self.data = train_set
        self.spec, self.params, self.precision, self.journal = spec, params, precision, journal
        self.class_weights = class_weights.to(precision.device)
        self.class_counts = torch.from_numpy(
            np.bincount(train_set.labels, minlength=len(class_weights))
        ).to(precision.device, torch.float32)
        self.optimizer = build_optimizer(
            model, params.lr_backbone, params.lr_head, params.weight_decay
        )
        self.scaler = precision.loss_scaler()
        # Warm-up starts the average near the current weights: a plain 0.999 over a few hundred
        # steps would still hold the initialisation.
        self.ema = ModelEmaV3(model, params.ema_decay, use_warmup=True) if params.use_ema else None
        self.steps_an_epoch = count_steps(len(train_set.labels), params)
        self.step = 0

    @property
    def evaluated(self) -> EmotionClassifier:
        """The network that is validated and saved."""
        return self.ema.module if self.ema else self.model

    def train_epoch(self, epoch: int) -> dict[str, float]:
        """One pass over the training rows; returns the epoch's loss, accuracy and last rates.

        Accuracy counts a mixed picture as right when its larger share is named.
        """
        params = self.params
        torch.manual_seed(derive_seed(params.seed, epoch, "dropout"))
        self.model.freeze_backbone(epoch <= params.freeze_backbone_epochs)
        self.model.train()
        loss_sum = torch.zeros((), device=self.precision.device)
        right = torch.zeros((), device=self.precision.device)
        batches = epoch_batches(
            params.sampler, self.data.labels, params.batch_size, params.seed, epoch
        )
        for number, (rows, keys) in enumerate(batches):
            pictures, targets = self._batch(rows, keys, epoch, number)
            rates = self._set_rates()
            loss, logits = self._update(pictures, targets)
            self.journal.log_step(loss)
            loss_sum += loss.detach() * len(rows)
            right += (logits.argmax(dim=1) == targets.argmax(dim=1)).sum()
        count = len(self.data.labels)
        train_loss = float(loss_sum) / count
        if not np.isfinite(train_loss):
            raise UserError(
                f"training diverged: the loss of epoch {epoch} is {train_loss}; lower lr_backbone "
                f"({params.lr_backbone}) and lr_head ({params.lr_head}), or set amp to 'off'."
            )
        return {
            "train_loss": train_loss,
            "train_acc": float(right) / count,
            "lr_backbone": rates["backbone"],
            "lr_head": rates["head"],
        }

    def validate(self, val_set: LabelledPictures) -> dict[str, float]:
        """Loss (plain NLL, no weights or smoothing), accuracy and macro-F1 of `evaluated`."""
        logits = predict_logits(self.evaluated, val_set.pictures, self.spec)
        classes = logits.shape[1]
        probabilities = torch.from_numpy(logits).double().softmax(dim=1).numpy()
        predicted = logits.argmax(axis=1)
        return {
            "val_loss": float(log_loss(val_set.labels, probabilities, labels=range(classes))),
            "val_acc": accuracy(val_set.labels, predicted),
            "val_macro_f1": macro_f1(val_set.labels, predicted, classes),
        }

    def _batch(
        self, rows: np.ndarray, keys: np.ndarray, epoch: int, number: int
    ) -> tuple[Tensor, Tensor]:
        params, device = self.params, self.precision.device
        pictures = self.data.pictures[torch.from_numpy(rows)].to(device, non_blocking=True)
        views = train_batch(
            pictures, keys, params.seed, epoch, self.spec.img_size, self.spec.mean, self.spec.std
        )
        views, targets = mix_batch(
            views,
            self.data.targets[torch.from_numpy(rows)].to(device),
            np.random.default_rng(derive_seed(params.seed, epoch, number, "mix")),
            params.mixup_alpha if params.use_mixup else None,
            params.cutmix_alpha if params.use_cutmix else None,
        )
        return views.contiguous(memory_format=torch.channels_last), targets

    def _set_rates(self) -> dict[str, float]:
        frozen_steps = self.params.freeze_backbone_epochs * self.steps_an_epoch
        total_steps = self.params.epochs * self.steps_an_epoch
        shares = learning_rate_shares(self.params.scheduler, self.step, frozen_steps, total_steps)
        return set_learning_rates(self.optimizer, *shares)

    def _update(self, pictures: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        with self.precision.autocast(self.model.frozen):
            logits = self.model(pictures)
        logits = logits.float()
        smooth = smooth_targets(targets, self.params.label_smoothing)
        loss = LOSSES[self.params.loss](logits, smooth, self.class_weights, self.class_counts)
        self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.params.grad_clip_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.step += 1
        if self.ema:
            self.ema.update(self.model, step=self.step)
        return loss, logits


def count_steps(rows: int, params: TrainParams) -> int:
    """Optimizer steps in one epoch."""
    return -(-rows // params.batch_size)
