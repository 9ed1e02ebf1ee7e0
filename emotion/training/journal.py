"""What a user sees of a training run: a table row an epoch over a progress bar, and dvclive files.

Everything that is timed goes through here into the dvclive folder and nowhere else, so that no
other output changes with the speed of the machine.
"""

import sys
import time
from pathlib import Path

from dvclive import Live
from scmrepo.exceptions import SCMError
from tqdm import tqdm

from emotion.core.errors import UserError

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
    """Logs one run; use as a context manager."""

    def __init__(self, folder: Path, epochs: int, steps: int, pictures_an_epoch: int):
        self.epochs = epochs
        self.pictures_an_epoch = pictures_an_epoch
        self.history: dict[str, list[float]] = {name: [] for name in HISTORY}
        self.epoch_seconds: list[float] = []
        self.started = self.epoch_started = time.monotonic()
        self.live = open_live(folder)
        self.bar = tqdm(
            total=steps,
            desc="train",
            unit="step",
            leave=False,
            mininterval=0.5 if sys.stderr.isatty() else 20,
        )

    def __enter__(self) -> "Journal":
        tqdm.write(_HEADER)
        tqdm.write("-" * len(_HEADER))
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()
        self.live.end()

    def log_step(self, loss: float) -> None:
        """Move the progress bar."""
        self.bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
        self.bar.update()

    def log_epoch(self, epoch: int, phase: str, values: dict[str, float], status: str) -> None:
        """Add a row to the table, the history and the curves; `values` has the keys of HISTORY."""
        seconds = time.monotonic() - self.epoch_started
        self.epoch_started = time.monotonic()
        self.epoch_seconds.append(seconds)
        self.live.step = epoch
        for name in HISTORY:
            self.history[name].append(values[name])
            self.live.log_metric(name, values[name])
        self.live.log_metric("epoch_seconds", seconds)
        self.live.make_summary()
        tqdm.write(
            f"{epoch:>3}/{self.epochs:<3} | {phase:<6} "
            f"| {values['train_loss']:.4f} / {values['train_acc']:.3f} "
            f"| {values['val_loss']:.4f} / {values['val_acc']:.3f} / {values['val_macro_f1']:.3f} "
            f"| {values['lr_backbone']:.1e} / {values['lr_head']:.1e} | {seconds:>5.1f}s | {status}"
        )

    def log_summary(self, best: dict[str, float | str]) -> None:
        """Write the figures of the whole run into the dvclive summary."""
        total = time.monotonic() - self.started
        self.live.summary.update(
            best,
            epochs=len(self.epoch_seconds),
            mean_epoch_seconds=total / len(self.epoch_seconds),
            total_seconds=total,
            images_per_second=self.pictures_an_epoch * len(self.epoch_seconds) / total,
        )
        self.live.make_summary()


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
