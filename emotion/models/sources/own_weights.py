"""Locate weights of the user, which must be in the one folder that DVC tracks.

A file elsewhere could be replaced or deleted without a stage becoming stale, and its absolute path
would be published with the model.
"""

import os
from pathlib import Path

from emotion.core.errors import UserError


def locate_own(setting: str, path: str, folder: Path, others: str = "", content: str = "") -> Path:
    """The normalized path of the file, or the folder, that a setting names.

    Args:
        setting: its name, for the message.
        path: its value, without a prefix.
        folder: the only one that the path may be in, relative to the repository.
        others: other values that the setting allows, for the hint.
        content: a file that the path must have, if it is a folder.

    Raises:
        UserError: the path is not in `folder`, is not a file, or has no `content`.
    """
    normal = Path(os.path.normpath(path))
    inside = folder in normal.parents
    if inside and Path(path, content).is_file():
        return normal
    if inside and not content and Path(path).is_dir():
        raise UserError(
            f"{setting} names {path!r}, which is a folder",
            f"{others}name the file in it",
            key=setting,
        )
    missing = f"has no {content}" if content else "is not a file"
    raise UserError(
        f"{setting} names {path!r}, which {missing if inside else f'is not in {folder}'}",
        f"{others}copy or link it into {folder}, which DVC tracks, and name {folder / normal.name}",
        key=setting,
    )
