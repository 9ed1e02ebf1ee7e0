"""Record a training run: a table of epochs, a progress bar, and the files of dvclive.

All times are in a file of their own, so that no other output changes with the speed of the machine.
"""

import dataclasses
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import torch
from dvclive import Live
from scmrepo.exceptions import SCMError
from torch import Tensor
from tqdm import tqdm

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.machine import describe_machine
from emotion.core.reports import TrainingTime
from emotion.models.classifier import EmotionClassifier
from emotion.training import statistics
from emotion.training.batches import count_steps
from emotion.training.params import TrainParams
from emotion.training.progress import HISTORY, BestEpoch, EpochMetrics
from emotion.training.tracked_settings import settings_of_run
from emotion.training.trackers import TrackedRun, Tracker, continue_run, open_tracker

_HEADER = (
    f"{'Epoch':>7} | {'Phase':<6} | {'Train Loss/Acc':<14} | {'Val Loss/Acc/F1':<21} "
    f"| {'LR(backbone/head)':<17} | {'Time':>6} | Status"
)


class RunLogger:
    """Logs one run; use as a context manager.

    Args:
        folder: of dvclive; emptied.
        timing_file: for the `TrainingTime` of the run.
        params: the recipe.
        images_per_epoch: training rows; 0 if the run was not trained here.
        enabled: False on all processes but the main one, which alone writes and prints.
        params_file: params.yaml, whose other settings a tracker gets too; None: `params` alone.
    """

    def __init__(
        self,
        folder: Path,
        timing_file: Path,
        params: TrainParams,
        images_per_epoch: int,
        enabled: bool = True,
        params_file: Path | None = None,
    ):
        self.folder, self.timing_file, self.params = folder, timing_file, params
        self.enabled, self.images_per_epoch = enabled, images_per_epoch
        self.params_file = params_file
        self.steps_per_epoch = count_steps(images_per_epoch, params)
        self.history: dict[str, list[float]] = {name: [] for name in HISTORY}
        self.seconds: list[float] = []  # of each epoch
        self.statistics: list[dict[str, Any]] = []
        self.epoch_started = self.refreshed = time.monotonic()
        self.live = open_live(folder) if enabled else None
        self.tracker = Tracker({})  # until one is opened
        self.bar = tqdm(
            total=self.steps_per_epoch * params.epochs,
            desc="train",
            unit="step",
            leave=False,
            mininterval=0.5 if sys.stderr.isatty() else 20,
            disable=not enabled,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.bar.close()
        if self.live:
            self.live.end()
        if kind:
            self.tracker.end({}, failed=True)

    def state(self) -> dict[str, Any]:
        """What `restore` needs to log the same record again, as plain types."""
        lists = {"history": self.history, "seconds": self.seconds, "statistics": self.statistics}
        return {**lists, "run_id": self.tracker.run_id}

    def open_tracker(self, run_id: str = "") -> None:
        """Start a run of the tracker that `params` names, or continue the one with this id.

        Raises:
            UserError: its package is not installed, or cannot start a run.
        """
        name = self.params.tracker if self.enabled else "none"
        if run_id:
            self.tracker = continue_run(TrackedRun(tracker=name, run_id=run_id))
        else:
            self.tracker = open_tracker(name, settings_of_run(self.params, self.params_file))

    def restore(self, state: dict[str, Any]) -> None:
        """Log the epochs of an interrupted run again, because dvclive has emptied its folder.

        Args:
            state: what `state` returned, with four keys: `history`, a value per epoch for each
                name of HISTORY; `seconds`, a value per epoch; `statistics`, their rows; `run_id`,
                of the tracker, which then has these epochs already.

        Raises:
            KeyError: a key is missing. `RunState.load` returns no state of other code.
        """
        self.statistics = state["statistics"]
        for index, seconds in enumerate(state["seconds"]):
            values = {name: state["history"][name][index] for name in HISTORY}
            self._record(values, seconds, tracked=not state["run_id"])
        # Not `update`, which would include these steps in the rate and in the time left.
        self.bar.initial = self.bar.n = len(self.seconds) * self.steps_per_epoch
        self.bar.refresh()
        self.epoch_started = time.monotonic()

    def start(self) -> None:
        """Print the header of the table."""
        self._write(f"{_HEADER}\n{'-' * len(_HEADER)}")

    def log_step(self, sums: Tensor) -> None:
        """Advance the progress bar; `sums` as in `Trainer.train_epoch`.

        Reading `sums` synchronizes with a GPU, which costs more than a step, so the loss is shown
        twice per second at most.
        """
        self.bar.update()
        if self.enabled and time.monotonic() - self.refreshed > 0.5:
            self.refreshed = time.monotonic()
            loss_sum, _, count = sums.tolist()
            self.bar.set_postfix(loss=f"{loss_sum / max(count, 1):.3f}", refresh=False)

    def log_epoch(self, metrics: EpochMetrics, status: str, model: EmotionClassifier) -> None:
        """Add the next epoch to the table, the history and the curves.

        Args:
            metrics: of the epoch.
            status: last column of the table.
            model: measured, if `statistics` is on.
        """
        seconds = time.monotonic() - self.epoch_started
        self.epoch_started = time.monotonic()
        epoch = len(self.seconds) + 1
        if self.params.statistics != "none":
            part = model.head if self.params.statistics == "head" else model
            self.statistics += statistics.measure(part, epoch)
        self._record(dataclasses.asdict(metrics), seconds, tracked=True)
        phase = "frozen" if epoch <= self.params.freeze_backbone_epochs else "full"
        self._write(
            f"{epoch:>3}/{self.params.epochs:<3} | {phase:<6} "
            f"| {metrics.train_loss:.4f} / {metrics.train_acc:.3f} "
            f"| {metrics.val_loss:.4f} / {metrics.val_acc:.3f} / {metrics.val_macro_f1:.3f} "
            f"| {metrics.lr_backbone:.1e} / {metrics.lr_head:.1e} | {seconds:>5.1f}s | {status}"
        )

    def log_summary(
        self, best: BestEpoch, skipped_steps: int, weights: str, ingredients: Sequence[str] = ()
    ) -> None:
        """Write the metrics of the whole run, and statistics of its weights if `statistics` is on.

        Args:
            best: the epoch that is kept.
            skipped_steps: optimizer steps without a finite gradient.
            weights: what training started from: pretrained, random or file.
            ingredients: the runs that the network is an average of.
        """
        if not self.live:
            return
        summary: dict[str, float | str] = {
            "best_epoch": best.epoch,
            "best_val_macro_f1": best.metrics.val_macro_f1,
            "best_val_accuracy": best.metrics.val_acc,
            "skipped_steps": skipped_steps,
            "weights": weights,
        }
        if ingredients:
            summary["ingredients"] = ", ".join(ingredients)
        epochs, total = len(self.seconds), sum(self.seconds)
        self.live.summary.update(summary, epochs=epochs)
        self.live.make_summary()
        machine = describe_machine() | {
            "threads": torch.get_num_threads(),
            "instructions": torch.backends.cpu.get_cpu_capability(),
            "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
        }
        time_used = TrainingTime(
            epoch_seconds=self.seconds,
            total_seconds=total,
            images_per_second=self.images_per_epoch * epochs / total if total else 0.0,
            machine=machine,
        )
        run_id = self.tracker.run_id
        run = TrackedRun(tracker=self.params.tracker, run_id=run_id) if run_id else None
        content = dataclasses.asdict(time_used) | (dataclasses.asdict(run) if run else {})
        files.write_json(self.timing_file, content)
        self.tracker.end(summary)
        if self.params.statistics != "none":
            statistics.write_statistics(self.folder / "statistics.csv", self.statistics)
            statistics.write_final_weights(self.folder / "final_weights.txt", best.state_dict)

    def _record(self, values: dict[str, float], seconds: float, tracked: bool) -> None:
        self.seconds.append(seconds)
        for name in HISTORY:
            self.history[name].append(values[name])
        if self.live:
            self.live.step = len(self.seconds)
            for name in HISTORY:
                self.live.log_metric(name, values[name])
            self.live.make_summary()
            if tracked:
                self.tracker.log(values, len(self.seconds))

    def _write(self, line: str) -> None:
        if self.enabled:
            tqdm.write(line)


def open_live(folder: Path) -> Live:
    """dvclive on an emptied folder; it writes nothing else.

    Raises:
        UserError: the Git repository has no commit, without which dvclive cannot name its run.
    """
    try:
        # No dvcyaml and no report: the plots are declared in dvc.yaml.
        return Live(str(folder), dvcyaml=None, report=None, save_dvc_exp=False)
    except SCMError as error:
        raise UserError(
            f"dvclive cannot log in this Git repository ({error})",
            "make a first commit (`git add --all && git commit -m start`), then run `dvc repro`",
        ) from None
