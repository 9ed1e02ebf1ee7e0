"""Listings of folders, in which a file is found whose name is spelled otherwise.

macOS decomposes the accents of file names, and Windows and macOS do not distinguish upper and lower
case, so a table that is right there names files that Linux does not find.
"""

import os
import posixpath
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path


class Listings:
    """The folders that were looked into, each listed once."""

    def __init__(self) -> None:
        self._files = cache(lambda folder: frozenset(_list(folder, folders=False)))
        self._spellings = cache(lambda folder: _Spellings(self._files(folder)))
        self._subfolders = cache(lambda folder: _Spellings(_list(folder, folders=True)))
        self._actual = cache(self._find_folder)

    def find(self, folders: Sequence[str], name: str) -> str | None:
        """The first file of this name in the folders, in their order.

        If there is none, the first that differs in its Unicode form, or in upper and lower case
        too if one file alone does; likewise for the names of its folders.

        Returns:
            The path as spelled on disk, or None.
        """
        for folder in folders:
            if name in self._files(folder):
                return posixpath.join(folder, name)
        for folder in folders:
            actual = self._actual(folder)
            if actual and (found := self._spellings(actual).find(name)):
                return posixpath.join(actual, found)
        return None

    def _find_folder(self, folder: str) -> str | None:
        """The folder, or the one that differs from it in spelling."""
        missing = []
        while not os.path.isdir(folder):  # noqa: PTH112 - Path.is_dir raises for too long a name
            folder, name = posixpath.split(folder)
            if not name:
                return None
            missing.append(name)
        for name in reversed(missing):
            found = self._subfolders(folder).find(name)
            if not found:
                return None
            folder = posixpath.join(folder, found)
        return folder


class _Spellings:
    """Names by their composed form, and in addition by their case."""

    def __init__(self, names: Iterable[str]) -> None:
        self._composed: dict[str, str] = {}  # "" where several names share it
        self._folded: dict[str, str] = {}
        for name in names:
            composed = unicodedata.normalize("NFC", name)
            for found, key in ((self._composed, composed), (self._folded, composed.casefold())):
                found[key] = "" if key in found else name

    def find(self, name: str) -> str:
        """The one name of this spelling, or ""."""
        composed = unicodedata.normalize("NFC", name)
        return self._composed.get(composed) or self._folded.get(composed.casefold(), "")


def _list(folder: str, folders: bool) -> list[str]:
    """The names of the files in a folder, or of its folders; none if there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            # Only symbolic links cost a second disk access.
            return [entry.name for entry in entries if _is(entry, folders)]
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return []


def _is(entry: os.DirEntry[str], folder: bool) -> bool:
    if entry.is_symlink():
        return Path(entry.path).is_dir() if folder else Path(entry.path).is_file()
    return entry.is_dir() if folder else entry.is_file()
