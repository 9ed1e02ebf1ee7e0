"""The Hub folder: copies of the model's files beside their card, complete or not there at all."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from emotion.core import files
from emotion.core.errors import UserError


def build_folder(folder: Path, sources: Iterable[Path], card: str) -> None:
    """Replace a folder by copies of files, under their own names, and README.md.

    Copies, not links: DVC links its outputs to a read-only cache, which must not leave the machine.

    Raises:
        UserError: files are missing; all of them are named and the old folder stays.
    """
    sources = list(sources)
    missing = [str(path) for path in sources if not path.is_file()]
    if missing:
        raise UserError(f"{', '.join(missing)} missing; `dvc repro publish` makes what it needs.")
    temporary = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        for path in sources:
            shutil.copyfile(path, temporary / path.name)
        files.write_text(temporary / "README.md", card)
        # A folder cannot be renamed over a full one; between these two lines there is none.
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
