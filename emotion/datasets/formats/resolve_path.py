"""Resolve the paths in a table, including those written on another machine.

A path is tried in this order, and the first file found is used:

1. the path as written (if relative: from the working directory);
2. from the folder of the table;
3. from the folder of the dataset, the root;
4. each suffix of it under the root, the longest first: `/content/data/train/happy/1.jpg` is tried
   as content/data/train/happy/1.jpg, data/train/happy/1.jpg, ..., happy/1.jpg and 1.jpg.

Backslashes count as slashes. A drive letter makes a path absolute and is not part of a suffix.
`..` is removed before any path is tried. If no file is found, the same places are tried again in
other spellings; see `Listings`. If none of all files of a table is found, names without a folder
are looked up in all folders below the root; see `look_below`.

Each candidate folder is listed once, and all rows are looked up in these listings. 400,000 rows
thus cost one listing per folder that they name, and the result of a row does not depend on others.
"""

import posixpath
import re
from functools import cache
from pathlib import Path

import pandas as pd

from emotion.datasets.formats.bare_names import look_below
from emotion.datasets.formats.file_names import refuse_unencodable
from emotion.datasets.formats.listings import Listings

_DRIVE = re.compile(r"\A[A-Za-z]:")


def resolve_paths(written: pd.Series, table: Path, root: Path) -> pd.DataFrame:
    """Find the file of each path.

    Args:
        written: paths as written in the table.
        table: the file that contains them.
        root: folder of the dataset.

    Returns:
        A table of text with the index of `written` and two columns. `path`: relative to root, with
        forward slashes, if the file is under root, else absolute; as the file is spelled on disk if
        it was found, else as written. `attempts`: every path that was tried, joined by ", ", if no
        file was found, else "" (an empty path is not looked for).

    Raises:
        UserError: a path is not UTF-8, such as that of the dataset.
    """
    cwd = Path.cwd().as_posix()
    table_folder = posixpath.join(cwd, table.parent.as_posix())
    base = posixpath.normpath(posixpath.join(cwd, root.as_posix()))
    candidates_of = cache(lambda folder: _candidate_folders(folder, (cwd, table_folder, base)))
    listings = Listings()
    prefix = posixpath.join(base, "")
    paths, attempts = [], []
    for text in written:
        written_folder, name = posixpath.split(text.replace("\\", "/"))
        candidates = candidates_of(written_folder)
        found = listings.find(candidates, name) if name else None
        paths.append(text if found is None else found.removeprefix(prefix))
        tried = candidates if text and found is None else []
        attempts.append(", ".join(posixpath.join(folder, name) for folder in tried))
    refuse_unencodable([*paths, *attempts])
    columns = {"path": paths, "attempts": attempts}
    resolved = pd.DataFrame(columns, index=written.index, dtype=str)
    # Where others are found, a name alone is that of a missing file.
    nothing_found = all(attempts[row] for row, text in enumerate(written) if text)
    return look_below(resolved, root) if nothing_found else resolved


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
