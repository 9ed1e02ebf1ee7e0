"""Experiment trackers in addition to dvclive: MLflow or Weights & Biases, if installed.

dvclive remains the record that `dvc exp` compares; these receive the same numbers. To add one,
write a class here and an entry in TRACKERS; a package is imported only when it is chosen.
"""

import importlib
import os
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from tqdm import tqdm

from emotion.core.errors import UserError
from emotion.core.text import message_of


class Tracker:
    """No tracker, but dvclive only; the base of the others."""

    def __init__(self, params: dict[str, Any]):
        """Start a run with these settings, as plain types."""

    def log(self, values: dict[str, float], epoch: int) -> None:
        """Log the metrics of one epoch, from 1."""

    def end(self, summary: dict[str, Any]) -> None:
        """Log the metrics of the whole run and close it."""


class MlflowTracker(Tracker):
    """MLflow, at MLFLOW_TRACKING_URI or in its default store; for mlflow-skinny, in `mlruns`."""

    def __init__(self, params: dict[str, Any]):
        # With MLflow's defaults, a server that does not respond blocks for minutes.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        # Needed for a store of files, the only one that mlflow-skinny can use without a server.
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        self.mlflow = _import("mlflow", "mlflow-skinny")
        if "MLFLOW_TRACKING_URI" not in os.environ and not find_spec("sqlalchemy"):
            self.mlflow.set_tracking_uri("mlruns")
        self.run = self.mlflow.start_run()
        self.mlflow.log_params(params)

    def log(self, values: dict[str, float], epoch: int) -> None:  # noqa: D102, see Tracker
        self.mlflow.log_metrics(values, step=epoch)

    def end(self, summary: dict[str, Any]) -> None:  # noqa: D102
        numbers = {k: v for k, v in summary.items() if isinstance(v, int | float)}
        self.mlflow.log_metrics(numbers)
        self.mlflow.set_tags({k: v for k, v in summary.items() if k not in numbers})
        self.mlflow.end_run()


class WandbTracker(Tracker):
    """Weights & Biases, configured by WANDB_PROJECT and WANDB_MODE."""

    def __init__(self, params: dict[str, Any]):
        self.run = _import("wandb", "wandb").init(config=params)

    def log(self, values: dict[str, float], epoch: int) -> None:  # noqa: D102
        self.run.log(values, step=epoch)

    def end(self, summary: dict[str, Any]) -> None:  # noqa: D102
        self.run.summary.update(summary)
        self.run.finish()


TRACKERS = {"none": Tracker, "mlflow": MlflowTracker, "wandb": WandbTracker}


class _Failsafe(Tracker):
    """A tracker whose failure does not end training: then no other call reaches it."""

    def __init__(self, name: str, tracker: Tracker):
        self.name, self.tracker = name, tracker

    def log(self, values: dict[str, float], epoch: int) -> None:
        self._try(lambda: self.tracker.log(values, epoch))

    def end(self, summary: dict[str, Any]) -> None:
        self._try(lambda: self.tracker.end(summary))

    def _try(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:  # of a package that need not be installed
            reason = message_of(f"{type(error).__name__}: {error}")
            tqdm.write(f"WARNING: {self.name} failed; this run is no longer sent to it ({reason}).")
            self.tracker = Tracker({})


def open_tracker(name: str, params: dict[str, Any]) -> Tracker:
    """Start a run of a tracker.

    Args:
        name: a key of TRACKERS.
        params: of the run, as plain types.

    Raises:
        UserError: the package is not installed, or cannot start a run.
    """
    try:
        return _Failsafe(name, TRACKERS[name](params))
    except UserError:
        raise
    except Exception as error:  # of a package that need not be installed
        raise UserError(
            f"train.tracker {name!r} cannot start a run ({type(error).__name__}: {error})",
            "correct its settings (docs/training.md), or set train.tracker to none",
            key="train.tracker",
        ) from None


def _import(module: str, package: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise UserError(
            f"train.tracker is {module!r}, but {package} is not installed",
            f"run `pip install {package}`, or set train.tracker to none",
            key="train.tracker",
        ) from None
