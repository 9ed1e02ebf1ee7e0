"""The training loop: epochs of optimizer steps, and the validation after each.

Stage 1 trains the head on a frozen backbone, stage 2 trains everything. One network is validated,
selected and saved: the moving average of the weights if `use_ema` is true, else the model.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.metrics import log_loss
from torch import Tensor, nn

from emotion.core.errors import UserError
from emotion.core.seeding import derive_seed
from emotion.data.preprocessing import Preprocessing
from emotion.metrics.scores import accuracy, macro_f1
from emotion.models.classifier import EmotionClassifier
from emotion.models.inference import predict_logits
from emotion.training.amp import Precision
from emotion.training.batches import Batch, count_steps, load_epoch
from emotion.training.distributed import ProcessGroup
from emotion.training.loading import LabeledImages
from emotion.training.objective import Objective
from emotion.training.optimizer import MovingAverage, build_optimizer, set_learning_rates
from emotion.training.params import TrainParams
from emotion.training.schedules import learning_rate_factors

MAX_SKIPPED = 20  # consecutive steps without a finite gradient before training stops


class Trainer:
    """The state of one run that its epochs change: model, average, optimizer and counters.

    Args:
        model: on the training device.
        train_set: the training split.
        objective: the loss that is minimized.
        preprocessing: of the network.
        params: the recipe.
        precision: autocast formats and the device.
        group: the processes of the run.
    """

    def __init__(
        self,
        model: EmotionClassifier,
        train_set: LabeledImages,
        objective: Objective,
        preprocessing: Preprocessing,
        params: TrainParams,
        precision: Precision,
        group: ProcessGroup,
    ):
        self.model = group.synchronize_norms(model)
        self.model.freeze_stages(params.freeze_stages)
        self.network: nn.Module | None = None  # the model, wrapped for the current stage
        self.train_set, self.objective = train_set, objective
        self.preprocessing, self.params = preprocessing, params
        self.precision, self.group = precision, group
        self.optimizer = build_optimizer(
            self.model, params.lr_backbone, params.lr_head, params.weight_decay
        )
        self.device = next(self.model.parameters()).device
        self.scaler = precision.loss_scaler()
        self.ema = MovingAverage(self.model, params.ema_decay) if params.use_ema else None
        self.steps_per_epoch = count_steps(len(train_set), params)
        self.step = 0
        # Steps whose gradient was not finite; counted on the device, without synchronizing.
        self.skipped = torch.zeros((), device=self.device)
        self.consecutive_skipped = torch.zeros((), device=self.device)

    @property
    def evaluated(self) -> EmotionClassifier:
        """The network that is validated and saved."""
        return self.ema.module if self.ema else self.model

    def train_epoch(
        self, epoch: int, on_step: Callable[[Tensor], None] = lambda _: None
    ) -> dict[str, float]:
        """One pass over the training rows.

        Args:
            epoch: from 1.
            on_step: called after each optimizer step with its sums on this process, float32 (3,)
                on the training device: loss times images, correct predictions, images.

        Returns:
            The epoch's train_loss and train_acc, and lr_backbone and lr_head of its last step.
            Accuracy counts a mixed image as correct when its larger share is predicted.
        """
        torch.manual_seed(derive_seed(self.params.seed, epoch, self.group.rank, "dropout"))
        self._enter_stage(frozen=epoch <= self.params.freeze_backbone_epochs)
        sums = torch.zeros(3, device=self.device)
        rates = {"backbone": 0.0, "head": 0.0}
        for batch in load_epoch(
            self.train_set, self.params, self.preprocessing, epoch, self.group, self.device
        ):
            rates = set_learning_rates(self.optimizer, *self._learning_rate_factors())
            step_sums = self._optimizer_step(batch, epoch)
            on_step(step_sums)
            sums += step_sums
        loss_sum, correct, count = self.group.all_reduce_sum(sums).tolist()
        return {
            "train_loss": loss_sum / count if count else float("nan"),  # every step was skipped
            "train_acc": correct / count if count else float("nan"),
            "lr_backbone": rates["backbone"],
            "lr_head": rates["head"],
        }

    def validate(self, val_set: LabeledImages) -> dict[str, float]:
        """Scores of `evaluated` on a split.

        Returns:
            val_loss, the negative log-likelihood without class weights or smoothing; val_acc and
            val_macro_f1, in 0..1.

        Raises:
            UserError: the logits are not finite.
        """
        self.group.broadcast_buffers(self.evaluated)
        rows = self.group.shard(np.arange(len(val_set)))
        logits = predict_logits(self.evaluated, val_set.images, self.preprocessing, rows=rows)
        logits = self.group.gather(logits, len(val_set))
        if not np.isfinite(logits).all():
            raise self._diverged(f"after step {self.step} the outputs are not finite")
        classes = logits.shape[1]
        probabilities = torch.from_numpy(logits).double().softmax(dim=1).numpy()
        predicted = logits.argmax(axis=1)
        return {
            "val_loss": float(log_loss(val_set.labels, probabilities, labels=range(classes))),
            "val_acc": accuracy(val_set.labels, predicted),
            "val_macro_f1": macro_f1(val_set.labels, predicted, classes),
        }

    def require_trained(self) -> None:
        """Raise a UserError if every step of the run was skipped."""
        if int(self.skipped) == self.step:
            raise self._diverged(f"none of the {self.step} steps had a finite gradient")

    def state(self) -> dict[str, Any]:
        """Everything that an epoch changes, as plain types and tensors."""
        return {
            **{name: part.state_dict() for name, part in self._parts().items()},
            "step": self.step,
            "skipped": self.skipped,
            "consecutive_skipped": self.consecutive_skipped,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Return to a saved state of the same recipe.

        Args:
            state: what `state` returned: state_dicts under `model`, `optimizer`, `scaler` and, with
                EMA, `ema`; the counts `step`, `skipped` and `consecutive_skipped`.

        Raises:
            KeyError: a key is missing. `RunState.load` returns no state of other code.
        """
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.step = state["step"]
        self.skipped.copy_(state["skipped"])
        self.consecutive_skipped.copy_(state["consecutive_skipped"])

    def _parts(self) -> dict[str, Any]:
        """All that has a state_dict of its own."""
        parts = {"model": self.model, "optimizer": self.optimizer, "scaler": self.scaler}
        return {**parts, "ema": self.ema.module} if self.ema else parts

    def _enter_stage(self, frozen: bool) -> None:
        """Freeze or unfreeze the backbone; gradients are synchronized for what is trained now."""
        if self.network is None or frozen != self.model.frozen:
            self.network = None  # removes its hooks on the parameters before others are set
            self.model.freeze_backbone(frozen)
            self.network = self.group.wrap(self.model)
        self.network.train()

    def _learning_rate_factors(self) -> tuple[float, float]:
        frozen_steps = self.params.freeze_backbone_epochs * self.steps_per_epoch
        total_steps = self.params.epochs * self.steps_per_epoch
        return learning_rate_factors(self.params.scheduler, self.step, frozen_steps, total_steps)

    def _optimizer_step(self, batch: Batch, epoch: int) -> Tensor:
        """Forward and backward over the micro-batches, clip, step, update the average.

        Returns:
            See `train_epoch`, `on_step`; all zero where the step was skipped.
        """
        assert self.network is not None
        self.optimizer.zero_grad(set_to_none=True)
        loss_of = self.objective.for_batch(batch.targets, epoch)
        sums = torch.zeros(3, device=self.device)
        for number, (views, targets) in enumerate(batch, start=1):
            with self.group.gradient_sync(self.network, enabled=number == len(batch)):
                with self.precision.autocast(self.model.frozen):
                    logits = self.network(views)
                logits = logits.float()
                loss = loss_of(logits, targets, views)
                # Gradients are averaged over processes, but the losses sum to the batch's loss.
                self.scaler.scale(loss * self.group.world_size).backward()
            correct = (logits.argmax(dim=1) == targets.argmax(dim=1)).sum()
            images = torch.full_like(correct, len(views))
            sums += torch.stack([loss.detach() * len(batch.targets), correct, images])

        self.scaler.unscale_(self.optimizer)
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        norm = torch.nn.utils.get_total_norm(gradients)
        # The fused kernel divides the gradients by `grad_scale`, which clips them without another
        # pass, and skips the step where `found_inf` is 1. GradScaler uses it in the same way.
        skipped = (~norm.isfinite()).float()
        self.optimizer.grad_scale = (norm / self.params.grad_clip_norm).clamp(min=1)  # type: ignore[attr-defined]
        self.optimizer.found_inf = skipped  # type: ignore[attr-defined]
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.step += 1
        if self.ema:
            self.ema.update(self.model, self.step)
        self._count_skipped(skipped)
        return torch.where(norm.isfinite(), sums, 0)

    def _count_skipped(self, skipped: Tensor) -> None:
        """Count a step that was (1) or was not (0) skipped.

        Raises:
            UserError: MAX_SKIPPED consecutive steps had no finite gradient.
        """
        self.skipped += skipped
        self.consecutive_skipped = (self.consecutive_skipped + 1) * skipped
        # Reading the count synchronizes with a GPU, so there it is read every MAX_SKIPPED steps.
        readable = self.skipped.device.type == "cpu" or self.step % MAX_SKIPPED == 0
        if readable and self.consecutive_skipped >= MAX_SKIPPED:
            raise self._diverged(
                f"{MAX_SKIPPED} consecutive steps, up to step {self.step}, had no finite gradient"
            )

    def _diverged(self, reason: str) -> UserError:
        params = self.params
        amp = "" if self.precision.full == torch.float32 else "set train.amp to off, or "
        return UserError(
            f"training diverged: {reason}",
            f"{amp}lower train.lr_backbone ({params.lr_backbone}), train.lr_head "
            f"({params.lr_head}) or train.weight_decay ({params.weight_decay})",
            key="train.lr_backbone",
        )
