"""Class folders, the most common layout: `happy/x.jpg`, or `train/happy/x.jpg`.

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

    Images of a format that cannot be read are listed too: they are rejected, not passed over.

    Raises:
        UserError: class folders are mixed with split folders, or images are in no class folder.
    """
    split_folders = _split_folders(root)
    records, strays = [], []
    for inside in _list_images(root):
        *folders, _ = inside.parts
        split = folders.pop(0) if split_folders and folders else ""
        if folders:
            records.append((inside.as_posix(), folders[0], split))
        else:
            strays.append(inside.as_posix())
    if strays:
        raise UserError(
            f"{len(strays)} images under data.root {root} are in no class folder, first "
            f"{', '.join(strays[:3])}; move them into folders named by class, such as happy/."
        )
    rows = pd.DataFrame(records, columns=["path", "label", "split"], dtype=str)
    _announce_empty(root, set(rows["label"]) | set(split_folders))
    return rows.assign(subject="", source=root.name, synthetic=False)


def _announce_empty(root: Path, known: set[str]) -> None:
    """Print the folders without an image that stand beside those with images."""
    levels = root.glob("*"), root.glob("*/*")
    beside = {path.parent for level in levels for path in level if path.name in known}
    empty = sorted(
        path.relative_to(root).as_posix()
        for folder in beside
        for path in folder.iterdir()
        if path.is_dir() and path.name[0] != "." and path.name not in known
    )
    if empty:
        print(f"no image is in {', '.join(map(printable, empty))} of {root}")


def _list_images(root: Path) -> list[Path]:
    """Paths of images relative to root, sorted."""
    found = sorted(list_images(root))
    for path in found:
        if path.suffix.lower() not in SUFFIXES | OTHER_SUFFIXES:
            raise UserError(
                f"{path} is a link to nothing, or a folder that cannot be listed; correct or "
                "delete it."
            )
    return [path.relative_to(root) for path in found]


def _split_folders(root: Path) -> list[str]:
    folders = sorted(p.name for p in root.iterdir() if p.is_dir() and p.name[0] != ".")
    splits = [name for name in folders if name.lower() in SPLIT_OF]
    others = [name for name in folders if name.lower() not in SPLIT_OF]
    if splits and others:
        raise UserError(
            f"data.root {root} mixes split folders ({', '.join(splits)}) with others "
            f"({', '.join(others[:5])}); keep either split folders or class folders at the top."
        )
    return splits
