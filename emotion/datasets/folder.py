"""Class folders, the commonest layout: `happy/x.jpg`, or `train/happy/x.jpg`.

The folder does not say who is in an image, so every subject is unknown and only identical files
can be kept on one side of a split. A corpus that knows its subjects deserves a labels.csv.
"""

from pathlib import Path

import pandas as pd

from emotion.core.errors import UserError
from emotion.datasets.split_names import SPLIT_OF

# What a class folder may hold beside its images (Thumbs.db, notes, ...) is passed over.
SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}


def read_folder(root: Path) -> pd.DataFrame:
    """List the images under class folders; sub-folders of a class belong to it.

    Raises:
        UserError: class folders stand beside split folders, or images lie in no class folder.
    """
    split_folders = _split_folders(root)
    records, strays = [], []
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        # A dot hides what no camera made: .git, .cache, and the ._x.jpg files of macOS.
        if path.suffix.lower() not in SUFFIXES or any(part[0] == "." for part in inside.parts):
            continue
        *folders, _ = inside.parts
        split = folders.pop(0) if split_folders and folders else ""
        if folders:
            records.append((inside.as_posix(), folders[0], split))
        else:
            strays.append(inside.as_posix())
    if strays:
        raise UserError(
            f"{len(strays)} images under data.root {root} lie in no class folder, first "
            f"{', '.join(strays[:3])}; move them into folders named by class, such as happy/."
        )
    rows = pd.DataFrame(records, columns=["path", "label", "split"], dtype=str)
    return rows.assign(subject="", source=root.name, synthetic=False)


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
