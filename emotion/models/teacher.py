"""The teacher of distillation: a checkpoint of another run, stored beside the initial weights."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.params import settings
from emotion.models.checkpoint import Checkpoint, load_checkpoint
from emotion.models.own_weights import locate_own_file

TEACHER_FILE = "teacher.pth"


@settings
class TeacherParams:
    """The key of the section `train` that names the teacher."""

    teacher: str = ""  # best_model.pth of another run, to learn from; "" for none


def locate_teacher(params: TeacherParams, own_folder: Path) -> Path | None:
    """The file of the teacher, or None without one.

    Raises:
        UserError: it is not a file of `own_folder`.
    """
    if not params.teacher:
        return None
    return locate_own_file("train.teacher", params.teacher, own_folder)


def fetch_teacher(params: TeacherParams, folder: Path, own_folder: Path) -> None:
    """Copy the teacher into `folder`, so that dvc.lock records its hash; without one, do nothing.

    Args:
        params: which file.
        folder: of the initial weights.
        own_folder: the only folder that the file may be in.

    Raises:
        UserError: it is not a file of `own_folder`, or not a checkpoint.
    """
    (folder / TEACHER_FILE).unlink(missing_ok=True)
    path = locate_teacher(params, own_folder)
    if path is None:
        return
    load_checkpoint(path)
    with files.replacing(folder / TEACHER_FILE) as temporary:
        shutil.copyfile(path, temporary)


def load_teacher(folder: Path, class_names: Sequence[str]) -> Checkpoint | None:
    """What `fetch_teacher` stored, if anything.

    Raises:
        UserError: it has other classes than `class_names`, or another order.
    """
    path = folder / TEACHER_FILE
    if not path.exists():
        return None
    checkpoint = load_checkpoint(path)
    if checkpoint.class_names != list(class_names):
        raise UserError(
            f"the teacher of train.teacher has the classes {', '.join(checkpoint.class_names)}; it "
            f"must have our classes in our order: {', '.join(class_names)}."
        )
    return checkpoint
