"""Experiment trackers in addition to dvclive: MLflow or Weights & Biases, if installed.

dvclive remains the record that `dvc exp` compares; these receive the settings, the metrics of each
epoch and, from the stage `evaluate`, the test scores, but no image and no model. The id of a run is
kept in the state of training and in its timing file, so that the same run is continued. To add a
tracker, write a class here and an entry in TRACKERS; a package is imported only when it is chosen.
"""

import hashlib
import importlib
import os
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tqdm import tqdm

from emotion.core.errors import UserError
from emotion.core.reports import read_report
from emotion.core.text import message_of

_SECRET = re.compile(r"(TOKEN|API_KEY|PASSWORD|SECRET)$")  # names of variables


@dataclass(frozen=True, kw_only=True)
class TrackedRun:
    """The run of a tracker; a part of metrics/train_timing.json, which differs from run to run."""

    tracker: str = "none"
    run_id: str = ""


class Tracker:
    """No tracker, but dvclive only; the base of the others.

    Args:
        settings: of a new run, by flat name; plain types.
        run_id: of the run that is continued; empty starts a new one.
    """

    run_id = ""

    def __init__(self, settings: Mapping[str, Any], run_id: str = ""):
        """Start or continue a run."""

    def log(self, values: dict[str, float], epoch: int) -> None:
        """Log the metrics of one epoch, from 1."""

    def end(self, summary: Mapping[str, Any], failed: bool = False) -> None:
        """Log the metrics of the whole run and close it."""


class MlflowTracker(Tracker):
    """MLflow, at MLFLOW_TRACKING_URI or in its default store; for mlflow-skinny, in `mlruns`."""

    def __init__(self, settings: Mapping[str, Any], run_id: str = ""):
        # With MLflow's defaults, a server that does not respond blocks for minutes.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        # Needed for a store of files, the only one that mlflow-skinny can use without a server.
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        if "@" in os.environ.get("MLFLOW_TRACKING_URI", ""):  # MLflow prints it, with the password
            os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
        self.mlflow = _import("mlflow", "mlflow-skinny")
        if "MLFLOW_TRACKING_URI" not in os.environ and not find_spec("sqlalchemy"):
            self.mlflow.set_tracking_uri("mlruns")
        if run_id:
            run = self.mlflow.start_run(run_id=run_id)
        else:
            run = self.mlflow.start_run(run_name=_experiment(), tags=_describe_code())
            self.mlflow.log_params(settings)
        self.run_id = run.info.run_id

    def log(self, values: dict[str, float], epoch: int) -> None:  # noqa: D102, see Tracker
        self.mlflow.log_metrics(values, step=epoch)

    def end(self, summary: Mapping[str, Any], failed: bool = False) -> None:  # noqa: D102
        numbers = {k: v for k, v in summary.items() if isinstance(v, int | float)}
        self.mlflow.log_metrics(numbers)
        self.mlflow.set_tags({k: v for k, v in summary.items() if k not in numbers})
        self.mlflow.end_run("FAILED" if failed else "FINISHED")


class WandbTracker(Tracker):
    """Weights & Biases, configured by WANDB_PROJECT and WANDB_MODE."""

    def __init__(self, settings: Mapping[str, Any], run_id: str = ""):
        # wandb would send the address of the Git remote, whose user name may be a token.
        os.environ.setdefault("WANDB_DISABLE_GIT", "true")
        wandb = _import("wandb", "wandb")
        if run_id:
            self.run = wandb.init(id=run_id, resume="must")
        else:
            self.run = wandb.init(config={**settings, **_describe_code()}, name=_experiment())
        self.run_id = self.run.id

    def log(self, values: dict[str, float], epoch: int) -> None:  # noqa: D102
        self.run.log(values, step=epoch)

    def end(self, summary: Mapping[str, Any], failed: bool = False) -> None:  # noqa: D102
        self.run.summary.update(dict(summary))
        self.run.finish(exit_code=int(failed))


TRACKERS = {"none": Tracker, "mlflow": MlflowTracker, "wandb": WandbTracker}


class _Failsafe(Tracker):
    """A tracker whose failure does not end a stage: then no other call reaches it."""

    def __init__(self, name: str, tracker: Tracker):
        self.name, self.tracker, self.run_id = name, tracker, tracker.run_id

    def log(self, values: dict[str, float], epoch: int) -> None:
        self._try(lambda: self.tracker.log(values, epoch))

    def end(self, summary: Mapping[str, Any], failed: bool = False) -> None:
        self._try(lambda: self.tracker.end(summary, failed))

    def _try(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:  # of a package that need not be installed
            _warn(self.name, error)
            self.tracker = Tracker({})


def open_tracker(name: str, settings: Mapping[str, Any]) -> Tracker:
    """Start a run of a tracker.

    Args:
        name: a key of TRACKERS.
        settings: of the run, by flat name; plain types.

    Raises:
        UserError: the package is not installed, or cannot start a run.
    """
    try:
        return _Failsafe(name, TRACKERS[name](settings))
    except UserError:
        raise
    except Exception as error:  # of a package that need not be installed
        raise UserError(
            f"train.tracker {name!r} cannot start a run ({_reason(error)})",
            "correct its settings (docs/trackers.md), or set train.tracker to none",
            key="train.tracker",
        ) from None


def continue_run(run: TrackedRun) -> Tracker:
    """Continue a run of a tracker; where that fails, print one line and return no tracker."""
    try:
        return _Failsafe(run.tracker, TRACKERS[run.tracker]({}, run.run_id))
    except Exception as error:  # also of a package that was removed since
        _warn(run.tracker, error)
        return Tracker({})


def log_scores(timing_file: Path, scores: Mapping[str, float | None], model: Path) -> None:
    """Add test scores to the run that trained a model, if a tracker has one.

    Args:
        timing_file: of that run; a tracker that cannot be reached is one line.
        scores: by name, sent as `test_<name>`; those that are None are left out.
        model: its path and its MD5, by which dvc.lock and the cache of DVC name it, are sent too.

    Raises:
        UserError: the timing file cannot be read.
    """
    run = read_report(timing_file, TrackedRun)
    if run.tracker == "none":
        return
    with model.open("rb") as file:
        digest = hashlib.file_digest(file, "md5").hexdigest()
    found = {f"test_{name}": score for name, score in scores.items() if score is not None}
    continue_run(run).end({**found, "model_file": model.as_posix(), "model_md5": digest})


def _experiment() -> str | None:
    """The name that `dvc exp run` gives or was given; None lets the tracker choose one."""
    return os.environ.get("DVC_EXP_NAME") or None


def _describe_code() -> dict[str, str]:
    """The commit that an experiment starts from; empty outside of Git."""
    commit = os.environ.get("DVC_EXP_BASELINE_REV", "")
    if not commit:
        command = ["git", "rev-parse", "--verify", "HEAD"]
        try:
            found = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError:  # there is no Git
            return {}
        commit = found.stdout.strip()
    return {"git_commit": commit} if commit else {}


def _warn(name: str, error: Exception) -> None:
    tqdm.write(f"WARNING: {name} failed; this run is no longer sent to it ({_reason(error)}).")


def _reason(error: Exception) -> str:
    """Class and message of an error in one line, without passwords and tokens."""
    kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
    text = " ".join(str(error).split())
    text = re.sub(r"(?<=://)[^\s/@]+@", "***@", text)
    for name, value in os.environ.items():
        if _SECRET.search(name) and value.strip():
            text = text.replace(value, "***")
    return message_of(kind + text.removesuffix("."))


def _import(module: str, package: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise UserError(
            f"train.tracker is {module!r}, but {package} is not installed",
            f"run `pip install {package}`, or set train.tracker to none",
            key="train.tracker",
        ) from None
