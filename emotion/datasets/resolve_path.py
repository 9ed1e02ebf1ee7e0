"""Find the images that a table names, on whatever machine the table was written.

A path is looked for in this order, and the first file found is the answer:

1. the path as written (a relative one: seen from the working directory);
2. seen from the table's folder;
3. seen from the corpus's folder, the root;
4. each suffix of it under the root, the longest first: `/content/data/train/happy/1.jpg` is looked
   for as content/data/train/happy/1.jpg, data/train/happy/1.jpg, ..., happy/1.jpg and 1.jpg.

Backslashes count as slashes; a drive letter makes a path absolute, and is no part of a suffix.
`..` is taken out before anything is looked for.

Every folder in question is listed once and all rows look themselves up in the listings: 400,000
rows cost as many listings as they name folders, and no row's answer depends on another's.
"""

import os
import posixpath
import re
from functools import cache
from pathlib import Path

import pandas as pd

_DRIVE = re.compile(r"[A-Za-z]:")


def resolve_paths(written: pd.Series, table: Path, root: Path) -> pd.DataFrame:
    """Find the file that each path means.

    Args:
        written: paths as the table spells them.
        table: the file they stand in.
        root: the corpus's folder.

    Returns:
        With the index of `written`, two columns of text. `path`: relative to root with forward
        slashes where the file lies under root, else absolute; as written where there is no file.
        `attempts`: every place that was looked at, joined by ", ", where there is no file, else ""
        (an empty path is looked for nowhere).
    """
    here = Path.cwd().as_posix()
    base, beside = (posixpath.join(here, folder.as_posix()) for folder in (root, table.parent))
    base = posixpath.normpath(base)
    places_of = cache(lambda folder: _places(folder, (here, beside, base)))
    files_in = cache(_files_in)
    inside = posixpath.join(base, "")
    paths, attempts = [], []
    for text in written:
        folder, name = posixpath.split(text.replace("\\", "/"))
        places = places_of(folder)
        place = next((place for place in places if name in files_in(place)), None)
        if place is not None:
            paths.append(posixpath.join(place, name).removeprefix(inside))
            attempts.append("")
        else:
            paths.append(text)
            tried = [posixpath.join(place, name) for place in places] if text else []
            attempts.append(", ".join(tried))
    return pd.DataFrame({"path": paths, "attempts": attempts}, index=written.index, dtype=str)


def _places(folder: str, starts: tuple[str, str, str]) -> list[str]:
    """The folders that a written folder may mean, in the order of precedence.

    `starts` are what a relative one may be seen from, the root last.
    """
    drive = _DRIVE.match(folder)
    bare = folder[drive.end() :] if drive else folder
    absolute = drive or bare.startswith("/")
    places = [folder] if absolute else [posixpath.join(start, bare) for start in starts]
    parts = [part for part in posixpath.normpath(bare).split("/") if part not in ("", ".", "..")]
    places += [posixpath.join(starts[-1], *parts[cut:]) for cut in range(len(parts) + 1)]
    return list(dict.fromkeys(map(posixpath.normpath, places)))


def _files_in(place: str) -> frozenset[str]:
    """The names of the files in a folder; none where there is no such folder."""
    try:
        with os.scandir(place) as entries:
            return frozenset(
                entry.name
                for entry in entries
                # Only a link costs a second look at the disk.
                if entry.is_file(follow_symlinks=False)
                or (entry.is_symlink() and Path(entry.path).is_file())
            )
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return frozenset()
