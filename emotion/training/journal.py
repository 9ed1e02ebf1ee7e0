"""What a user sees of a training run: a table row an epoch over a progress bar, and dvclive files.

Everything that is timed goes through here into the dvclive folder and nowhere else, so that no
other output changes with the speed of the machine.
"""

import dataclasses
import sys
import time
from pathlib import Path
from typing import Any

from dvclive import Live
from scmrepo.exceptions import SCMError
from torch import Tensor, nn
from tqdm import tqdm

from emotion.core.errors import UserError
from emotion.training import statistics
from emotion.training.params import TrainParams
from emotion.training.trackers import TRACKERS

HISTORY = (
    "train_loss",
    "train_acc",
    "val_loss",
    "val_acc",
    "val_macro_f1",
    "lr_backbone",
    "lr_head",
)
_HEADER = (
    f"{'Epoch':>7} | {'Phase':<6} | {'Train Loss/Acc':<14} | {'Val Loss/Acc/F1':<21} "
    f"| {'LR(backbone/head)':<17} | {'Time':>6} | Status"
)


class Journal:
    """Logs one run; use as a context manager.

    Args:
        folder: for dvclive; emptied.
        params: the recipe.
        steps_an_epoch: of the optimizer.
        images_an_epoch: training rows.
        speaks: False on all processes but the first, which alone writes.
    """

    def __init__(
        self,
        folder: Path,
        params: TrainParams,
        steps_an_epoch: int,
        images_an_epoch: int,
        speaks: bool = True,
    ):
        self.folder, self.params, self.speaks = folder, params, speaks
        self.steps_an_epoch, self.images_an_epoch = steps_an_epoch, images_an_epoch
        self.history: dict[str, list[float]] = {name: [] for name in HISTORY}
        self.epoch_seconds: list[float] = []
        self.statistics: list[dict[str, float | int | str]] = []
        self.epoch_started = self.shown = time.monotonic()
        self.live = open_live(folder) if speaks else None
        self.tracker = TRACKERS[params.tracker if speaks else "none"](dataclasses.asdict(params))
        self.bar = tqdm(
            total=steps_an_epoch * params.epochs,
            desc="train",
            unit="step",
            leave=False,
            mininterval=0.5 if sys.stderr.isatty() else 20,
            disable=not speaks,
        )

    def __enter__(self) -> "Journal":
        self._write(_HEADER)
        self._write("-" * len(_HEADER))
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()
        if self.live:
            self.live.end()

    def state(self) -> dict[str, Any]:
        """What `restore` needs to write the same record again."""
        return {
            "history": self.history,
            "epoch_seconds": self.epoch_seconds,
            "statistics": self.statistics,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Log the epochs of an interrupted run once more: dvclive emptied their folder."""
        self.statistics = state["statistics"]
        for index, seconds in enumerate(state["epoch_seconds"]):
            values = {name: state["history"][name][index] for name in HISTORY}
            self._record(index + 1, values, seconds)
            self.bar.update(self.steps_an_epoch)
        self.epoch_started = time.monotonic()

    def log_step(self, sums: Tensor) -> None:
        """Move the progress bar; `sums` is of Trainer, and is read now and then only.

        Reading it makes a GPU's queue run empty, which cost more than the step if done each time.
        """
        self.bar.update()
        if self.speaks and time.monotonic() - self.shown > 0.5:
            self.shown = time.monotonic()
            loss_sum, _, count = sums.tolist()
            self.bar.set_postfix(loss=f"{loss_sum / max(count, 1):.3f}", refresh=False)

    def log_epoch(
        self, epoch: int, phase: str, values: dict[str, float], status: str, model: nn.Module
    ) -> None:
        """Add a row to the table, the history and the curves; `values` has the keys of HISTORY."""
        seconds = time.monotonic() - self.epoch_started
        self.epoch_started = time.monotonic()
        if self.params.statistics != "none":
            part = model.head if self.params.statistics == "head" else model
            self.statistics += statistics.measure(part, epoch)
        self._record(epoch, values, seconds)
        self._write(
            f"{epoch:>3}/{self.params.epochs:<3} | {phase:<6} "
            f"| {values['train_loss']:.4f} / {values['train_acc']:.3f} "
            f"| {values['val_loss']:.4f} / {values['val_acc']:.3f} / {values['val_macro_f1']:.3f} "
            f"| {values['lr_backbone']:.1e} / {values['lr_head']:.1e} | {seconds:>5.1f}s | {status}"
        )

    def log_summary(self, best: dict[str, float | str], state_dict: dict[str, Tensor]) -> None:
        """Write the figures of the whole run, and what its weights look like if asked."""
        if not self.live:
            return
        total = sum(self.epoch_seconds)
        self.live.summary.update(
            best,
            epochs=len(self.epoch_seconds),
            mean_epoch_seconds=total / len(self.epoch_seconds),
            total_seconds=total,
            images_per_second=self.images_an_epoch * len(self.epoch_seconds) / total,
        )
        self.live.make_summary()
        self.tracker.end(dict(best))
        if self.params.statistics != "none":
            statistics.write_statistics(self.folder / "statistics.csv", self.statistics)
            statistics.write_final_weights(self.folder / "final_weights.txt", state_dict)

    def _record(self, epoch: int, values: dict[str, float], seconds: float) -> None:
        self.epoch_seconds.append(seconds)
        for name in HISTORY:
            self.history[name].append(values[name])
        if not self.live:
            return
        self.live.step = epoch
        for name in HISTORY:
            self.live.log_metric(name, values[name])
        self.live.log_metric("epoch_seconds", seconds)
        self.live.make_summary()
        self.tracker.log({name: values[name] for name in HISTORY}, epoch)

    def _write(self, line: str) -> None:
        if self.speaks:
            tqdm.write(line)


def open_live(folder: Path) -> Live:
    """dvclive on an emptied folder; it writes nothing else.

    Raises:
        UserError: the Git repository has no commit, without which dvclive cannot name its run.
    """
    try:
        # No dvcyaml and no report: the plots are declared in our own dvc.yaml, by hand.
        return Live(str(folder), dvcyaml=None, report=None, save_dvc_exp=False)
    except SCMError as error:
        raise UserError(
            f"dvclive cannot log in this Git repository ({error}); if it has no commit yet, make "
            "one (`git add --all && git commit -m start`) and run `dvc repro` again."
        ) from None
