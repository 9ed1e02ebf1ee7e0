"""Read class folders, the most common layout: `happy/x.jpg`, or `train/happy/x.jpg`.

This layout does not name subjects, so every subject is unknown and only copies of an image can be
kept in one split. If the subjects are known, use a labels.csv instead.
"""

from pathlib import Path

import pandas as pd

from emotion.core.errors import UserError
from emotion.core.text import printable
from emotion.data.images import OTHER_SUFFIXES, SUFFIXES, list_images
from emotion.datasets.split_names import SPLIT_OF


def read_folder(root: Path) -> pd.DataFrame:
    """List the images in class folders; subfolders of a class folder belong to that class.

    Images of a format that cannot be read are listed too: they are rejected, not ignored.

    Raises:
        UserError: class folders are mixed with split folders, or images are in no class folder.
    """
    split_folders = _split_folders(root)
    records, strays = [], []
    for path in sorted(list_images(root)):
        if path.suffix.lower() not in SUFFIXES | OTHER_SUFFIXES:
            problem = "is a link to nothing, or a folder that cannot be listed"
            raise UserError(problem, "correct or delete it", file=path)
        inside = path.relative_to(root)
        *folders, _ = inside.parts
        split = folders.pop(0) if split_folders and folders else ""
        if folders:
            records.append((inside.as_posix(), folders[0], split))
        else:
            strays.append(inside.as_posix())
    if strays:
        problem = f"has {len(strays)} images in no class folder, first {', '.join(strays[:3])}"
        hint = "move them into folders named by class, such as happy/"
        raise UserError(problem, hint, file=root, key="data.root")
    rows = pd.DataFrame(records, columns=["path", "label", "split"], dtype=str)
    _announce_empty(root, set(rows["label"]) | set(split_folders))
    return rows.assign(subject="", source=root.name, synthetic=False)


def _announce_empty(root: Path, known: set[str]) -> None:
    """Print the folders without an image that are siblings of those with images."""
    levels = root.glob("*"), root.glob("*/*")
    parents = {path.parent for level in levels for path in level if path.name in known}
    empty = sorted(
        path.relative_to(root).as_posix()
        for folder in parents
        for path in folder.iterdir()
        if path.is_dir() and path.name[0] != "." and path.name not in known
    )
    if empty:
        print(f"no image is in {', '.join(map(printable, empty))} of {root}")


def _split_folders(root: Path) -> list[str]:
    folders = sorted(p.name for p in root.iterdir() if p.is_dir() and p.name[0] != ".")
    splits = [name for name in folders if name.lower() in SPLIT_OF]
    others = [name for name in folders if name.lower() not in SPLIT_OF]
    if splits and others:
        problem = f"mixes split folders ({', '.join(splits)}) with others ({', '.join(others[:5])})"
        hint = "keep either split folders or class folders at the top"
        raise UserError(problem, hint, file=root, key="data.root")
    return splits
