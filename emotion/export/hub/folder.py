"""Build the Hub folder: copies of the model's files and their card, all of them or none."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from emotion.core import files
from emotion.core.errors import UserError


def build_folder(folder: Path, sources: Iterable[Path], texts: Mapping[str, str]) -> None:
    """Replace a folder by copies of files, under the same names, and new text files.

    Copies, not links: DVC may link its outputs to a read-only cache, which must not be uploaded.

    Args:
        folder: to replace.
        sources: files to copy.
        texts: content of each text file by name, such as README.md.

    Raises:
        UserError: files are missing; the message names all of them, and the old folder is kept.
    """
    sources = list(sources)
    missing = [str(path) for path in sources if not path.is_file()]
    if missing:
        raise UserError(
            f"{', '.join(missing)}: no such file", "run `dvc repro publish`, which creates them"
        )
    with files.replacing_folder(folder) as temporary:
        for path in sources:
            shutil.copyfile(path, temporary / path.name)
        for name, text in texts.items():
            files.write_text(temporary / name, text)
