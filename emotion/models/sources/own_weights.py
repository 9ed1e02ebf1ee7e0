"""Weights that a user brings: only from one folder, which DVC watches.

A file elsewhere could be replaced or deleted without a stage becoming stale, and its absolute path
would be published with the model.
"""

import os
from pathlib import Path

from emotion.core.errors import UserError


def locate_own_file(setting: str, path: str, folder: Path, others: str = "") -> Path:
    """The file that a setting names, checked.

    Args:
        setting: its name, for the message.
        path: its value.
        folder: the only one that is allowed, relative to the repository.
        others: what the setting may be besides, for the message.

    Raises:
        UserError: the path leads elsewhere, or is not a file.
    """
    inside = folder in Path(os.path.normpath(path)).parents
    if inside and Path(path).is_file():
        return Path(os.path.normpath(path))
    reason = "is not a file" if inside else f"is not in {folder}"
    raise UserError(
        f"{setting} is {path!r}, which {reason}; {others}copy or link the file into {folder}, "
        f"which DVC watches, and set {setting} to {folder / Path(path).name}."
    )


def locate_own_folder(path: str, folder: Path, content: str) -> Path:
    """The folder that model_type names, checked.

    Args:
        path: of the folder.
        folder: the only one that it may be in, relative to the repository.
        content: a file that it must have.

    Raises:
        UserError: the path leads elsewhere, or has no such file.
    """
    inside = folder in Path(os.path.normpath(path)).parents
    if inside and (Path(path) / content).is_file():
        return Path(os.path.normpath(path))
    reason = f"has no {content}" if inside else f"is not in {folder}"
    raise UserError(
        f"model_type names the folder {path!r}, which {reason}; copy or link a folder with "
        f"{content} into {folder}, which DVC watches."
    )
