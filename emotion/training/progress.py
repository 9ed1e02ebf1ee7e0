"""The progress of a run: its metrics per epoch, the best epoch, and early stopping."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from torch import Tensor

from emotion.training.params import TrainParams


@dataclass(frozen=True, kw_only=True)
class EpochMetrics:
    """The metrics of one epoch; the fields are the columns of the history."""

    train_loss: float
    train_acc: float  # on augmented, possibly mixed images
    val_loss: float  # plain negative log-likelihood
    val_acc: float
    val_macro_f1: float
    lr_backbone: float  # of the last step
    lr_head: float

    def monitored(self, monitor: str) -> float:
        """The value of `TrainParams.monitor`."""
        return self.val_macro_f1 if monitor == "macro_f1" else self.val_acc


HISTORY = tuple(field.name for field in dataclasses.fields(EpochMetrics))


@dataclass(frozen=True, kw_only=True)
class BestEpoch:
    """The epoch to keep."""

    epoch: int  # from 1
    value: float  # of the monitored metric
    metrics: EpochMetrics
    state_dict: dict[str, Tensor]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What decides which epoch is kept and when training stops."""

    epoch: int = 0  # finished epochs
    best: BestEpoch | None = None
    epochs_without_gain: int = 0
    stopped: bool = False

    def advance(
        self, metrics: EpochMetrics, params: TrainParams, snapshot: Callable[[], dict[str, Tensor]]
    ) -> "Progress":
        """The progress after one more epoch.

        Frozen epochs can be the best, but do not count against the patience: the head alone
        reaches its plateau long before the network does.

        Args:
            metrics: of the epoch.
            params: the recipe.
            snapshot: called if the epoch is the best so far; returns its state_dict.
        """
        epoch, value = self.epoch + 1, metrics.monitored(params.monitor)
        best, waited = self.best, self.epochs_without_gain
        if best is None or value > best.value + params.min_delta:
            best = BestEpoch(epoch=epoch, value=value, metrics=metrics, state_dict=snapshot())
            waited = 0
        else:
            waited += epoch > params.freeze_backbone_epochs
        stopped = waited >= params.patience
        return Progress(epoch=epoch, best=best, epochs_without_gain=waited, stopped=stopped)

    def describe(self, params: TrainParams) -> str:
        """The status of the last epoch, as the table of epochs shows it."""
        if self.stopped:
            return "early stop"
        if self.best is not None and self.best.epoch == self.epoch:
            return "best"
        if self.epoch <= params.freeze_backbone_epochs:
            return ""
        return f"no gain {self.epochs_without_gain}/{params.patience}"

    def state(self) -> dict[str, Any]:
        """Plain types and tensors, for the state file of a run."""
        best = self.best and {**vars(self.best), "metrics": dataclasses.asdict(self.best.metrics)}
        return {**vars(self), "best": best}

    @classmethod
    def restore(cls, state: dict[str, Any]) -> Self:
        """The progress from what `state` returned; KeyError if `best` is missing."""
        best = state["best"]
        if best is not None:
            best = BestEpoch(**{**best, "metrics": EpochMetrics(**best["metrics"])})
        return cls(**{**state, "best": best})
