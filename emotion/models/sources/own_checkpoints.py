"""Store checkpoints of other runs that training uses, in the folder of the initial weights.

A teacher is the source of soft targets for distillation. A finished network replaces training: an
average of several runs (`emotion soup`), or one that was trained on another machine.
"""

from collections.abc import Sequence
from pathlib import Path

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.params import settings
from emotion.data.crop_params import CropParams
from emotion.models.checkpoint import SAFETENSORS, Checkpoint, load_checkpoint
from emotion.models.sources.own_weights import locate_own

TEACHER_FILE = "teacher.pth"
FINISHED_FILE = "finished.pth"
SETTINGS = {TEACHER_FILE: "train.teacher", FINISHED_FILE: "train.checkpoint"}


@settings
class OwnCheckpointParams:
    """The keys of the section `train` that name checkpoints in data/weights/; "" for none."""

    teacher: str = ""  # best_model.pth of another run, for distillation
    checkpoint: str = ""  # of a finished network, used instead of training


def locate_checkpoints(params: OwnCheckpointParams, own_folder: Path) -> dict[str, Path]:
    """The files that the settings name, by the name under which they are stored.

    Args:
        params: the settings.
        own_folder: the only folder that the files may be in.

    Raises:
        UserError: one is not a file of `own_folder`, or there is a teacher but no training.
    """
    if params.teacher and params.checkpoint:
        raise UserError(
            f"train.checkpoint is {params.checkpoint!r}, which replaces training, but "
            f"train.teacher is {params.teacher!r}, which only training uses",
            "set one of them to ''",
            key="train.checkpoint",
        )
    named = {TEACHER_FILE: params.teacher, FINISHED_FILE: params.checkpoint}
    return {
        stored: locate_own(SETTINGS[stored], path, own_folder)
        for stored, path in named.items()
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
    for name in SETTINGS:
        (folder / name).unlink(missing_ok=True)
    for name, path in locate_checkpoints(params, own_folder).items():
        checkpoint = load_checkpoint(path)
        if path.suffix == SAFETENSORS:
            checkpoint.save(folder / name)
        else:
            files.write_bytes(folder / name, path.read_bytes())


def load_own_checkpoint(
    folder: Path, name: str, class_names: Sequence[str], crop: CropParams
) -> Checkpoint | None:
    """The teacher or the network that replaces training, None without one.

    Args:
        folder: as `fetch_checkpoints` filled it.
        name: TEACHER_FILE or FINISHED_FILE.
        class_names: of the run, in the order of the logits.
        crop: of the faces of the run.

    Raises:
        UserError: it has other classes than `class_names`, or another order; or its faces are
            cropped in another way.
    """
    if not (folder / name).exists():
        return None
    checkpoint = load_checkpoint(folder / name)
    if checkpoint.class_names != list(class_names):
        setting, found = SETTINGS[name], ", ".join(checkpoint.class_names)
        hint = f"use one whose classes are {', '.join(class_names)}, in this order"
        raise UserError(f"the checkpoint of {setting} has the classes {found}", hint, key=setting)
    own, expected = checkpoint.preprocessing, crop.of_network(checkpoint.preprocessing)
    if own.crop != expected.crop:
        setting = SETTINGS[name]
        problem = f"the checkpoint of {setting} sees faces {own.crop}, but those of data.faces are"
        hint = "use one with this crop, or set data.faces and data.face_margin to those of it"
        raise UserError(f"{problem} {expected.crop}", hint, key=setting)
    return checkpoint
