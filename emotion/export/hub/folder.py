"""The Hub folder: copies of the model's files beside their card, complete or absent."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from emotion.core import files
from emotion.core.errors import UserError


def build_folder(folder: Path, sources: Iterable[Path], texts: Mapping[str, str]) -> None:
    """Replace a folder by copies of files, under their own names, and new text files.

    Copies, not links: DVC links its outputs to a read-only cache, which must not leave the machine.

    Args:
        folder: to replace.
        sources: files to copy.
        texts: content of each text file by name, such as README.md.

    Raises:
        UserError: files are missing; the message names all of them, and the old folder stays.
    """
    sources = list(sources)
    missing = [str(path) for path in sources if not path.is_file()]
    if missing:
        raise UserError(f"{', '.join(missing)} missing; run `dvc repro publish` to create them.")
    with files.replacing_folder(folder) as temporary:
        for path in sources:
            shutil.copyfile(path, temporary / path.name)
        for name, text in texts.items():
            files.write_text(temporary / name, text)
