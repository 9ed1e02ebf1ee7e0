"""The training loop: stage 1 trains the head on a frozen backbone, stage 2 trains everything.

What is validated, selected and saved is one and the same network: the exponential moving average
where it is on. The test split is not reachable from here.
"""

from typing import Any

import numpy as np
import torch
from sklearn.metrics import log_loss
from torch import Tensor

from emotion.core.errors import UserError
from emotion.core.seeding import derive_seed
from emotion.inference import InputSpec, predict_logits
from emotion.metrics import accuracy, macro_f1
from emotion.models.classifier import EmotionClassifier
from emotion.training.average import MovingAverage
from emotion.training.batches import Batch, plan_epoch
from emotion.training.journal import Journal
from emotion.training.loading import LabeledImages
from emotion.training.objective import Objective
from emotion.training.optimizer import build_optimizer, set_learning_rates
from emotion.training.params import TrainParams
from emotion.training.precision import Precision
from emotion.training.processes import Processes
from emotion.training.schedules import learning_rate_shares

MAX_SKIPPED = 20  # steps in a row without a finite gradient, before training stops


class Trainer:
    """The state of one run, and what one epoch does to it.

    Args:
        model: on the training device.
        train_set: the training split.
        objective: what is minimized.
        spec: input side and normalization of the backbone.
        params: the recipe.
        precision: autocast formats and the device.
        journal: where steps and epochs are told.
        processes: this process among those of the run.
    """

    def __init__(
        self,
        model: EmotionClassifier,
        train_set: LabeledImages,
        objective: Objective,
        spec: InputSpec,
        params: TrainParams,
        precision: Precision,
        journal: Journal,
        processes: Processes,
    ):
        self.model = processes.prepare(model)
        self.data, self.objective = train_set, objective
        self.spec, self.params, self.precision = spec, params, precision
        self.journal, self.processes = journal, processes
        self.optimizer = build_optimizer(
            model, params.lr_backbone, params.lr_head, params.weight_decay, params.layer_decay
        )
        self.device = next(model.parameters()).device
        self.scaler = precision.loss_scaler()
        self.ema = MovingAverage(model, params.ema_decay) if params.use_ema else None
        self.steps_an_epoch = count_steps(len(train_set.labels), params)
        self.step = 0
        # Steps whose gradient was not finite; counted on the device, which need not be waited for.
        self.skipped = torch.zeros((), device=self.device)
        self.skipped_in_a_row = torch.zeros((), device=self.device)

    @property
    def evaluated(self) -> EmotionClassifier:
        """The network that is validated and saved."""
        return self.ema.module if self.ema else self.model

    def state(self) -> dict[str, Any]:
        """All that an epoch changes, as plain types and tensors."""
        return {
            "model": self.model.state_dict(),
            "ema": self.ema.module.state_dict() if self.ema else {},
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "step": self.step,
            "skipped": self.skipped,
            "skipped_in_a_row": self.skipped_in_a_row,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to what `state` returned."""
        self.model.load_state_dict(state["model"])
        if self.ema:
            self.ema.module.load_state_dict(state["ema"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])
        self.step = state["step"]
        self.skipped.copy_(state["skipped"])
        self.skipped_in_a_row = state["skipped_in_a_row"].to(self.skipped.device)

    def train_epoch(self, epoch: int) -> dict[str, float]:
        """One pass over the training rows; returns the epoch's loss, accuracy and last rates.

        Accuracy counts a mixed image as right when its larger share is named.
        """
        params = self.params
        torch.manual_seed(derive_seed(params.seed, epoch, self.processes.rank, "dropout"))
        self.model.freeze_backbone(epoch <= params.freeze_backbone_epochs)
        self.model.train()
        sums = torch.zeros(3, device=self.device)
        for batch in plan_epoch(self.data, params, self.spec, epoch, self.processes, self.device):
            rates = self._set_rates()
            step_sums = self._take_step(batch, epoch)
            self.journal.log_step(step_sums)
            sums += step_sums
        loss_sum, right, count = self.processes.sum(sums).tolist()
        return {
            "train_loss": loss_sum / count if count else float("nan"),  # every step was skipped
            "train_acc": right / count if count else float("nan"),
            "lr_backbone": rates["backbone"],
            "lr_head": rates["head"],
        }

    def validate(self, val_set: LabeledImages) -> dict[str, float]:
        """Loss (plain NLL, no weights or smoothing), accuracy and macro-F1 of `evaluated`."""
        mine = self.processes.part(np.arange(len(val_set.labels)))
        logits = predict_logits(self.evaluated, val_set.images, self.spec, rows=mine)
        logits = self.processes.gather(logits, len(val_set.labels))
        classes = logits.shape[1]
        probabilities = torch.from_numpy(logits).double().softmax(dim=1).numpy()
        predicted = logits.argmax(axis=1)
        return {
            "val_loss": float(log_loss(val_set.labels, probabilities, labels=range(classes))),
            "val_acc": accuracy(val_set.labels, predicted),
            "val_macro_f1": macro_f1(val_set.labels, predicted, classes),
        }

    def _set_rates(self) -> dict[str, float]:
        frozen_steps = self.params.freeze_backbone_epochs * self.steps_an_epoch
        total_steps = self.params.epochs * self.steps_an_epoch
        shares = learning_rate_shares(self.params.scheduler, self.step, frozen_steps, total_steps)
        return set_learning_rates(self.optimizer, *shares)

    def _take_step(self, batch: Batch, epoch: int) -> Tensor:
        """Gradients of all parts of a batch, then one step.

        Returns:
            What this process adds to the epoch: loss times images, right answers, images; all
            zero where the step was skipped.
        """
        self.optimizer.zero_grad(set_to_none=True)
        total = self.objective.total(batch.targets, epoch)
        sums = torch.zeros(3, device=self.device)
        for views, targets in batch.parts():
            with self.precision.autocast(self.model.frozen):
                logits = self.model(views)
            logits = logits.float()
            loss = self.objective(logits, targets, views, epoch, total, batch.count)
            self.scaler.scale(loss).backward()
            right = (logits.argmax(dim=1) == targets.argmax(dim=1)).sum()
            count = torch.full_like(right, len(views))
            sums += torch.stack([loss.detach() * batch.count, right, count])
        self.processes.sum_gradients(self.model)
        self.scaler.unscale_(self.optimizer)
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        # The fused kernel divides by this as it goes, which saves a pass over all gradients.
        self.optimizer.grad_scale = (norm / self.params.grad_clip_norm).clamp(min=1)
        self._step_unless_infinite(norm)
        return torch.where(norm.isfinite(), sums, 0)

    def _step_unless_infinite(self, norm: Tensor) -> None:
        """Step, and count what is skipped; on a GPU without waiting for it.

        Raises:
            UserError: MAX_SKIPPED steps in a row had no finite gradient.
        """
        infinite = (~norm.isfinite()).float()
        self.optimizer.found_inf = infinite  # the fused kernel then leaves everything as it was
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.step += 1
        if self.ema:
            self.ema.update(self.model, self.step)
        self.skipped += infinite
        self.skipped_in_a_row = (self.skipped_in_a_row + 1) * infinite
        asked = self.skipped.device.type == "cpu" or self.step % MAX_SKIPPED == 0
        if asked and self.skipped_in_a_row >= MAX_SKIPPED:
            rates = f"lr_backbone ({self.params.lr_backbone}) and lr_head ({self.params.lr_head})"
            amp = "" if self.precision.full == torch.float32 else "set amp to 'off', or "
            raise UserError(
                f"training diverged: {MAX_SKIPPED} steps in a row, up to step {self.step}, had no "
                f"finite gradient; {amp}lower {rates}."
            )


def count_steps(rows: int, params: TrainParams) -> int:
    """Optimizer steps in one epoch."""
    return -(-rows // (params.batch_size * params.accumulate_steps))
