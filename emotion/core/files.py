"""Read and write files; no reader ever sees a half-written one.

Everything is written under a temporary name in the same folder and renamed: a crash leaves the
old file intact. JSON and CSV have one canonical form, so equal content gives equal bytes.
"""

import errno
import hashlib
import json
import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emotion.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

_LITTLE = 1 << 16  # bytes; less free space, with a half-written file present, means a full disk


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path with the name of `path`; move it over `path` if the block succeeds.

    The temporary file keeps the base name because torch.save writes that name into the file.

    Raises:
        UserError: the disk is full.
    """
    path = Path(path)
    folder = path.parent / f".{path.name}.tmp"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with explaining_full_disk(path):
            yield folder / path.name
            os.replace(folder / path.name, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def explaining_full_disk(path: Path) -> Iterator[None]:
    """Turn a failed write into a UserError where the disk is full."""
    try:
        yield
    except (OSError, RuntimeError) as error:  # torch.save turns a failed write into the latter
        if not _is_full(path.parent, error):
            raise
        raise UserError(
            f"the disk is full: {path} could not be written. Free some space and run `dvc repro` "
            "again; the previous file is intact."
        ) from None


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 with LF line ends."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, value: Any) -> None:
    """Write JSON, indented, keys in the order given, NaN and infinity as null."""
    write_text(path, json.dumps(_finite(value), indent=2, ensure_ascii=False) + "\n")


def write_csv(path: Path, rows: "pd.DataFrame") -> None:
    """Write a table with its header and without its index, with LF line ends."""
    with replacing(path) as temporary:
        rows.to_csv(temporary, index=False, lineterminator="\n")


def read_json(path: Path) -> Any:
    """Parse a JSON file.

    Raises:
        UserError: the file is missing or is not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; `dvc repro` makes it.") from None
    except json.JSONDecodeError as error:
        raise UserError(
            f"{path} is not valid JSON ({error}); delete it and run `dvc repro`."
        ) from None


def sha256_of(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_full(folder: Path, error: Exception) -> bool:
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return True
    return folder.exists() and shutil.disk_usage(folder).free < _LITTLE


def _finite(value: Any) -> Any:
    # json.dumps would write NaN, which is not JSON and which DVC cannot read.
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
