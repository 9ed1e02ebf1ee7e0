"""Resolve the paths in a table, including those written on another machine.

A path is tried in this order, and the first file found is used:

1. the path as written (if relative: from the working directory);
2. from the folder of the table;
3. from the folder of the dataset, the root;
4. each suffix of it under the root, the longest first: `/content/data/train/happy/1.jpg` is tried
   as content/data/train/happy/1.jpg, data/train/happy/1.jpg, ..., happy/1.jpg and 1.jpg.

Backslashes count as slashes. A drive letter makes a path absolute and is not part of a suffix.
`..` is removed before any path is tried.

Each candidate folder is listed once, and all rows are looked up in these listings. 400,000 rows
thus cost one listing per folder that they name, and the result of a row does not depend on others.
"""

import os
import posixpath
import re
from functools import cache
from pathlib import Path

import pandas as pd

_DRIVE = re.compile(r"\A[A-Za-z]:")


def resolve_paths(written: pd.Series, table: Path, root: Path) -> pd.DataFrame:
    """Find the file of each path.

    Args:
        written: paths as written in the table.
        table: the file that contains them.
        root: folder of the dataset.

    Returns:
        A table of text with the index of `written` and two columns. `path`: relative to root, with
        forward slashes, if the file is under root, else absolute; as written if no file was found.
        `attempts`: every path that was tried, joined by ", ", if no file was found, else "" (an
        empty path is not looked for).
    """
    cwd = Path.cwd().as_posix()
    table_folder = posixpath.join(cwd, table.parent.as_posix())
    base = posixpath.normpath(posixpath.join(cwd, root.as_posix()))
    candidates_of = cache(lambda folder: _candidate_folders(folder, (cwd, table_folder, base)))
    files_in = cache(_files_in)
    prefix = posixpath.join(base, "")
    paths, attempts = [], []
    for text in written:
        written_folder, name = posixpath.split(text.replace("\\", "/"))
        candidates = candidates_of(written_folder)
        found = next((folder for folder in candidates if name in files_in(folder)), None)
        paths.append(text if found is None else posixpath.join(found, name).removeprefix(prefix))
        tried = candidates if text and found is None else []
        attempts.append(", ".join(posixpath.join(folder, name) for folder in tried))
    return pd.DataFrame({"path": paths, "attempts": attempts}, index=written.index, dtype=str)


def _candidate_folders(folder: str, starts: tuple[str, str, str]) -> list[str]:
    """The folders that a written folder may refer to, in order of precedence.

    `starts` are the folders that a relative path may start from, the root last.
    """
    bare = _DRIVE.sub("", folder)
    absolute = bare != folder or bare.startswith("/")
    candidates = [folder] if absolute else [posixpath.join(start, bare) for start in starts]
    parts = [part for part in posixpath.normpath(bare).split("/") if part not in ("", ".", "..")]
    candidates += [posixpath.join(starts[-1], *parts[cut:]) for cut in range(len(parts) + 1)]
    return list(dict.fromkeys(map(posixpath.normpath, candidates)))


def _files_in(folder: str) -> frozenset[str]:
    """The names of the files in a folder; empty if there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            return frozenset(
                entry.name
                for entry in entries
                # Only symbolic links cost a second disk access.
                if entry.is_file(follow_symlinks=False)
                or (entry.is_symlink() and Path(entry.path).is_file())
            )
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return frozenset()
