"""Checkpoints of other runs that training uses, stored beside the initial weights.

A teacher is learned from. A finished network is taken as it is, instead of training: an average of
several runs (`emotion soup`), or one that was trained on another machine.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.params import settings
from emotion.models.checkpoint import SAFETENSORS, Checkpoint, load_checkpoint
from emotion.models.sources.own_weights import locate_own_file

TEACHER_FILE = "teacher.pth"
FINISHED_FILE = "finished.pth"


@settings
class OwnCheckpointParams:
    """The keys of the section `train` that name checkpoints in data/weights/; "" for none."""

    teacher: str = ""  # best_model.pth of another run, to learn from
    checkpoint: str = ""  # of a finished network, taken instead of training


def locate_checkpoints(params: OwnCheckpointParams, own_folder: Path) -> dict[str, Path]:
    """The files that are named, by the name that they are stored under.

    Raises:
        UserError: one is not a file of `own_folder`, or there is a teacher but no training.
    """
    if params.teacher and params.checkpoint:
        raise UserError(
            "train.checkpoint is taken instead of training, so train.teacher would teach nothing; "
            "remove one of them."
        )
    named = {
        TEACHER_FILE: ("train.teacher", params.teacher),
        FINISHED_FILE: ("train.checkpoint", params.checkpoint),
    }
    return {
        stored: locate_own_file(setting, path, own_folder)
        for stored, (setting, path) in named.items()
        if path
    }


def fetch_checkpoints(params: OwnCheckpointParams, folder: Path, own_folder: Path) -> None:
    """Copy the named files into `folder`, so that dvc.lock records their hash.

    Args:
        params: which files.
        folder: of the initial weights.
        own_folder: the only folder that the files may be in.

    Raises:
        UserError: as `locate_checkpoints`; or a file is not a checkpoint.
    """
    for name in (TEACHER_FILE, FINISHED_FILE):
        (folder / name).unlink(missing_ok=True)
    for name, path in locate_checkpoints(params, own_folder).items():
        checkpoint = load_checkpoint(path)
        if path.suffix == SAFETENSORS:
            checkpoint.save(folder / name)
            continue
        with files.replacing(folder / name) as temporary:
            shutil.copyfile(path, temporary)


def load_teacher(folder: Path, class_names: Sequence[str]) -> Checkpoint | None:
    """What to learn from, if anything.

    Raises:
        UserError: it has other classes than `class_names`, or another order.
    """
    return _load(folder / TEACHER_FILE, "train.teacher", class_names)


def load_finished(folder: Path, class_names: Sequence[str]) -> Checkpoint | None:
    """What to take instead of training, if anything; errors are those of `load_teacher`."""
    return _load(folder / FINISHED_FILE, "train.checkpoint", class_names)


def _load(path: Path, setting: str, class_names: Sequence[str]) -> Checkpoint | None:
    if not path.exists():
        return None
    checkpoint = load_checkpoint(path)
    if checkpoint.class_names != list(class_names):
        raise UserError(
            f"the checkpoint of {setting} has the classes {', '.join(checkpoint.class_names)}; it "
            f"must have our classes in our order: {', '.join(class_names)}."
        )
    return checkpoint
