"""Experiment trackers beside dvclive: MLflow or Weights & Biases, if installed.

dvclive remains the record that `dvc exp` compares; these receive the same numbers. To add one,
write a class here and a line in TRACKERS; a package is imported only when it is chosen.
"""

import importlib
from collections.abc import Callable
from typing import Any, Protocol

from emotion.core.errors import UserError


class Tracker(Protocol):
    """What `RunLogger` calls."""

    def log(self, values: dict[str, float], epoch: int) -> None:
        """Log the metrics of one epoch, from 1."""

    def end(self, summary: dict[str, Any]) -> None:
        """Log the metrics of the whole run and close it."""


class NoTracker:
    """dvclive only."""

    def __init__(self, params: dict[str, Any]):
        del params

    def log(self, values: dict[str, float], epoch: int) -> None:  # noqa: D102, see Tracker
        pass

    def end(self, summary: dict[str, Any]) -> None:  # noqa: D102
        pass


class MlflowTracker:
    """MLflow, at MLFLOW_TRACKING_URI, or in its own default store."""

    def __init__(self, params: dict[str, Any]):
        self.mlflow = _import("mlflow", "mlflow-skinny")
        self.run = self.mlflow.start_run()
        self.mlflow.log_params(params)

    def log(self, values: dict[str, float], epoch: int) -> None:  # noqa: D102
        self.mlflow.log_metrics(values, step=epoch)

    def end(self, summary: dict[str, Any]) -> None:  # noqa: D102
        numbers = {k: v for k, v in summary.items() if isinstance(v, int | float)}
        self.mlflow.log_metrics(numbers)
        self.mlflow.set_tags({k: v for k, v in summary.items() if k not in numbers})
        self.mlflow.end_run()


class WandbTracker:
    """Weights & Biases, as WANDB_PROJECT and WANDB_MODE say."""

    def __init__(self, params: dict[str, Any]):
        self.run = _import("wandb", "wandb").init(config=params)

    def log(self, values: dict[str, float], epoch: int) -> None:  # noqa: D102
        self.run.log(values, step=epoch)

    def end(self, summary: dict[str, Any]) -> None:  # noqa: D102
        self.run.summary.update(summary)
        self.run.finish()


TRACKERS: dict[str, Callable[[dict[str, Any]], Tracker]] = {
    "none": NoTracker,
    "mlflow": MlflowTracker,
    "wandb": WandbTracker,
}


def _import(module: str, package: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise UserError(
            f"train.tracker is {module!r}, which is not installed: `pip install {package}`, or set "
            "train.tracker to none."
        ) from None
