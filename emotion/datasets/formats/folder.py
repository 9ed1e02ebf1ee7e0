"""Read class folders, the most common layout: `happy/x.jpg`, or `train/happy/x.jpg`.

This layout does not name subjects, so every subject is unknown and only copies of an image can be
kept in one split. If file names begin with a code of the person, data.subject_pattern reads it; if
the subjects are known otherwise, use a labels.csv instead.
"""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from emotion.core.errors import UserError
from emotion.core.text import printable
from emotion.data.images import OTHER_SUFFIXES, SUFFIXES, list_images
from emotion.datasets.formats.file_names import refuse_unencodable
from emotion.datasets.formats.tables import hint_if_packed
from emotion.datasets.split_names import canonical_split

# Folders in which macOS, network storages and Windows keep copies, thumbnails and deleted files.
OF_SYSTEMS = {"__MACOSX", "@eaDir", "#recycle", "$RECYCLE.BIN"}


def read_folder(root: Path) -> pd.DataFrame:
    """List the images in class folders; subfolders of a class folder belong to that class.

    Images of a format that cannot be read are listed too: they are rejected, not ignored. Folders
    without an image, and those of OF_SYSTEMS, are left out; where class or split folders are
    expected, a line says so.

    Raises:
        UserError: split folders are mixed with other folders that have images, images are in no
            class folder, file names are not UTF-8, or there are only archives.
    """
    paths = _list_images(root)
    if not paths and (hint := hint_if_packed(root, "")):
        raise UserError("has no image", hint, file=root, key="data.root")
    refuse_unencodable(path.as_posix() for path in paths)
    folders = {path.parts[0] for path in paths if len(path.parts) > 1}
    split_folders = {name for name in folders if canonical_split(name)}
    _refuse_mixture(root, split_folders, folders - split_folders)
    records, strays = [], []
    for path in paths:
        *above, _ = path.parts
        split = above.pop(0) if split_folders and above else ""
        if above:
            records.append((path.as_posix(), above[0], split))
        else:
            strays.append(path.as_posix())
    if strays:
        problem = f"has {len(strays)} images in no class folder, first {', '.join(strays[:3])}"
        hint = "move them into folders named by class, such as happy/"
        raise UserError(problem, hint, file=root, key="data.root")
    rows = pd.DataFrame(records, columns=["path", "label", "split"], dtype=str)
    if len(rows):
        _announce_empty(root, paths, [root, *(root / name for name in split_folders)])
    return rows.assign(subject="", source=root.name, synthetic=False)


def _list_images(root: Path) -> list[Path]:
    """The images relative to the root, sorted."""
    inside = (path.relative_to(root) for path in sorted(list_images(root)))
    paths = [path for path in inside if OF_SYSTEMS.isdisjoint(path.parts)]
    for path in paths:
        if path.suffix.lower() not in SUFFIXES | OTHER_SUFFIXES:
            problem = "is a link to nothing, or a folder that cannot be listed"
            raise UserError(problem, "correct or delete it", file=root / path)
    return paths


def _refuse_mixture(root: Path, splits: set[str], others: set[str]) -> None:
    if splits and others:
        named, beside = (", ".join(sorted(names)[:5]) for names in (splits, others))
        problem = f"mixes split folders ({named}) with others that have images ({beside})"
        hint = "keep either split folders or class folders at the top"
        raise UserError(problem, hint, file=root, key="data.root")


def _announce_empty(root: Path, images: Iterable[Path], parents: Iterable[Path]) -> None:
    """Print the folders without an image where class and split folders are expected."""
    used = {path.parts[:depth] for path in images for depth in (1, 2)}
    folders = (path for parent in parents for path in parent.iterdir() if path.is_dir())
    inside = sorted(path.relative_to(root) for path in folders if path.name[0] != ".")
    empty = [path.as_posix() for path in inside if path.parts not in used]
    if empty:
        print(f"no image of the dataset is in {', '.join(map(printable, empty))} of {root}")
