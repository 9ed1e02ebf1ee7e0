"""Read and write files; no reader ever sees a half-written one.

Everything is written under a temporary name in the same folder and renamed: a crash leaves the
old file intact. The temporary name is new each time, so nothing of the user has it, and two
programs may write the same file. JSON and CSV have one canonical form, so equal content gives equal
bytes.

Every path that a user can choose is opened by `open_regular`: reading a pipe in place of a file
would block, and reading a device would not end.
"""

import codecs
import errno
import hashlib
import json
import math
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emotion.core.errors import UserError
from emotion.core.file_kinds import refuse_other_than_text
from emotion.core.text import cell_of

if TYPE_CHECKING:
    import pandas as pd

TEMPORARY = ".writing-"  # a killed program leaves a folder whose name begins so
_LITTLE = 1 << 16  # bytes; less free space, with a half-written file present, means a full disk
_FULL = {errno.ENOSPC, errno.EDQUOT}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path with the name of `path`; move it over `path` if the block succeeds.

    The temporary file keeps the base name because torch.save writes that name into the file.

    Raises:
        UserError: the disk is full, or the folder may not be written to.
    """
    path = Path(path)
    with explaining_failed_writes(path), temporary_folder(path.parent) as folder:
        yield folder / path.name
        os.replace(folder / path.name, path)


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Yield a new empty folder; it takes the place of `folder` if the block succeeds.

    All of the old folder is deleted then: it must be an output of this project alone.

    Raises:
        UserError: as `replacing`.
    """
    with explaining_failed_writes(folder), temporary_folder(folder.parent) as temporary:
        new, old = temporary / "new", temporary / "old"
        new.mkdir()
        yield new
        # A folder cannot be renamed over a non-empty one, so between these lines none exists.
        if os.path.lexists(folder):
            os.replace(folder, old)
        try:
            os.replace(new, folder)
        except BaseException:  # the old one would be deleted with the temporary folder
            if os.path.lexists(old) and not os.path.lexists(folder):
                os.replace(old, folder)
            raise


@contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """A folder that no other program has; it is deleted with what is left in it."""
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def explaining_failed_writes(path: Path) -> Iterator[None]:
    """Turn a failed write into a UserError where the disk is full or writing is not permitted."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # torch.save and safetensors have exceptions of their own for it
        if _is_full(path.parent, error):
            raise UserError(
                "could not be written, because the disk is full",
                "free some space and run the command again; the previous file is intact",
                file=path,
            ) from None
        if isinstance(error, OSError) and error.errno in _DENIED:
            raise UserError(
                f"cannot be written ({error.strerror}: {error.filename})",
                "change the permissions of its folder and run the command again",
                file=path,
            ) from None
        raise


@contextmanager
def explaining_failed_reads(path: Path, when_missing: str) -> Iterator[None]:
    """Turn a failed read into a UserError; `when_missing` is its hint if there is no such file."""
    try:
        yield
    except FileNotFoundError:
        raise UserError("does not exist", when_missing, file=path) from None
    except UnicodeDecodeError as error:
        raise UserError(f"is not UTF-8 ({error})", "save it in that encoding", file=path) from None
    except OSError as error:
        reason = error.strerror or error
        raise UserError(
            f"cannot be read ({reason})", "give a file that can be read", file=path
        ) from None


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole file; images too: Pillow's own writing ignores that a disk is full."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 with LF line ends."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write JSON, indented, keys in the order given, NaN and infinity as null."""
    write_text(path, json.dumps(_finite(value), indent=2, ensure_ascii=False) + "\n")


def write_csv(path: Path, rows: "pd.DataFrame", for_people: bool = False) -> None:
    """Write a table with its header and without its index, with LF line ends.

    Args:
        path: of the file.
        rows: the table.
        for_people: whether it may be opened in a spreadsheet, so that no cell may be a formula; a
            table that stages read keeps its cells unchanged.
    """
    if for_people:
        rows = rows.map(lambda value: cell_of(value) if isinstance(value, str) else value)
    with replacing(path) as temporary:
        rows.to_csv(temporary, index=False, lineterminator="\n")


def open_regular(path: str | Path) -> FileIO:
    """Open a file to read its bytes, without waiting for a pipe or reading a device.

    Raises:
        OSError: as `open`; or the path is a folder, a pipe, a socket or a device.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return FileIO(descriptor)


def read_text(path: str | Path, hint: str = "save it as text") -> str:
    """The text of a file in UTF-8, or in UTF-16 with its mark; without a byte order mark.

    Args:
        path: of the file.
        hint: of the error for an image, a workbook or another file that is no text.

    Raises:
        OSError: as `open_regular`.
        UnicodeDecodeError: another encoding.
        UserError: it is of a known kind that is no text, such as an archive.
    """
    with open_regular(path) as file:
        data = file.readall()
    refuse_other_than_text(data, path, hint)
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if utf16 else "utf-8-sig")


def read_json(path: Path, when_missing: str = "`dvc repro` makes it") -> Any:
    """Parse a JSON file.

    Args:
        path: of the file.
        when_missing: hint of the error if there is no such file.

    Raises:
        UserError: the file is missing, cannot be read or is not JSON.
    """
    hint = "delete it and run `dvc repro`"
    with explaining_failed_reads(path, when_missing):
        text = read_text(path, hint)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # not JSON, or nested too deeply
        raise UserError(f"is not valid JSON ({error})", hint, file=path) from None


def sha256_of(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_full(folder: Path, error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno in _FULL
    if os.strerror(errno.ENOSPC) in str(error):  # of safetensors
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
