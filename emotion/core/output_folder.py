"""A folder that a command writes to, and in which a user may have files too.

The command writes to a new folder next to it. At the end its files are moved over, and a list in
the folder names them. Only what such a list names is ever replaced or deleted.
"""

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from emotion.core import files
from emotion.core.errors import UserError

try:
    import fcntl
except ImportError:  # on Windows two commands are not kept apart
    fcntl = None  # type: ignore[assignment]

_WRITER, _FILES = "written_by", "files"  # keys of the list


class OutputFolder:
    """A folder with a list of the files of one command.

    Args:
        folder: new, empty, or written by the same command before.
        list_name: of the JSON file with the list; it also has the settings of the command.
        writer: the command.

    Raises:
        UserError: it is no folder, or has files but no list of this command.
    """

    def __init__(self, folder: Path, list_name: str, writer: str) -> None:
        self.folder, self.writer = folder, writer
        self._list = folder / list_name
        if folder.exists() and not folder.is_dir():
            raise UserError(
                "is not a folder", "give a new folder with --out", file=folder, key="--out"
            )
        if folder.is_dir() and any(folder.iterdir()) and self._listed() is None:
            raise UserError(
                f"has files that {writer} of this version did not write",
                "give a new folder, or one that it has written, with --out",
                file=folder,
                key="--out",
            )

    @contextmanager
    def updating(self, settings: dict[str, Any]) -> Iterator[Path]:
        """Yield a new empty folder, whose files replace the listed ones if the block succeeds.

        Args:
            settings: to be written with the list.

        Raises:
            UserError: a file of the user has the name of a new one; or as `files.replacing`.
        """
        with files.temporary_folder(self.folder.absolute().parent) as new:
            yield new
            self.folder.mkdir(parents=True, exist_ok=True)
            with files.explaining_failed_writes(self.folder), self._alone():
                self._move(new, settings)

    def _move(self, new: Path, settings: dict[str, Any]) -> None:
        names = sorted(path.relative_to(new).as_posix() for path in _files_of(new))
        old = self._listed() or []
        self._refuse_conflicts(set(names) - set(old))
        # The list is never shorter than what is there, whenever this is interrupted.
        self._write_list([*old, *names], settings)
        for name in names:
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(new / name, self.folder / name)
        for name in set(old) - set(names):
            (self.folder / name).unlink(missing_ok=True)
            for parent in PurePosixPath(name).parents[:-1]:
                with contextlib.suppress(OSError):  # it has other files
                    (self.folder / parent).rmdir()
        self._write_list(names, settings)

    def _refuse_conflicts(self, names: set[str]) -> None:
        """Raise if a file of the user lies where a new one belongs."""
        for name in sorted(names):
            *above, path = (self.folder / part for part in _path_to(name))
            in_the_way = [part for part in above if part.is_symlink() or part.is_file()]
            if os.path.lexists(path) or in_the_way:
                raise UserError(
                    f"was not written by {self.writer}, and would be lost",
                    "move it away, or give another folder with --out",
                    file=[*in_the_way, path][0],
                    key="--out",
                )

    def _listed(self) -> list[str] | None:
        """The files in the list that are there, or None if there is no list of this command."""
        try:
            content = files.read_json(self._list)
        except UserError:
            return None
        if not isinstance(content, dict) or content.get(_WRITER) != self.writer:
            return None
        names = content.get(_FILES)
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            return None
        return [name for name in dict.fromkeys(names) if self._is_inside(name)]

    def _is_inside(self, name: str) -> bool:
        """Whether a name of the list means a file of the folder, not one behind a link or `..`."""
        path = PurePosixPath(name)
        if path.is_absolute() or not path.parts or ".." in path.parts or "\0" in name:
            return False
        place = self.folder / path
        inside = place.parent.resolve() == self.folder.resolve() / path.parent
        return inside and os.path.lexists(place) and (place.is_symlink() or not place.is_dir())

    def _write_list(self, names: list[str], settings: dict[str, Any]) -> None:
        content = {_WRITER: self.writer, **settings, _FILES: list(dict.fromkeys(names))}
        files.write_json(self._list, content)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let only one command at a time move its files."""
        descriptor = os.open(self.folder, os.O_RDONLY) if fcntl else None
        try:
            if descriptor is not None:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            if descriptor is not None:
                os.close(descriptor)


def _path_to(name: str) -> list[PurePosixPath]:
    """The folders that lead to a file, the first one first, and the file."""
    path = PurePosixPath(name)
    return [*reversed(path.parents[:-1]), path]


def _files_of(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if not path.is_dir())
