"""The manifest: one table of images that every part of the pipeline speaks.

Columns every manifest has are in COLUMNS; whatever else a corpus brings (`skin_tone`, `age`, ...)
stays behind them, as text, and becomes a slice in the evaluation.
"""

from pathlib import Path

import pandas as pd

from emotion.core import files
from emotion.core.errors import UserError

SPLITS = ("train", "val", "test")

COLUMNS = {
    "path": str,  # as `data.root` was given, then the file: readable from the repository's root
    "label": str,  # a class of the label map
    "split": str,  # train, val or test
    "subject": str,  # the person, or "" where the corpus does not say
    "source": str,  # the corpus
    "group": str,  # rows of one group are never on two sides of a split
    "sha256": str,  # of the file's bytes
    "width": int,  # pixels, after EXIF rotation
    "height": int,
    "synthetic": bool,  # drawn or generated, not photographed
}


SHARE = "share_"  # columns share_<class>: soft labels, summing to 1


def attribute_columns(rows: pd.DataFrame) -> list[str]:
    """What the corpus brought beside COLUMNS and soft labels: the kinds of faces to slice by."""
    return [name for name in rows if name not in COLUMNS and not name.startswith(SHARE)]


def write_manifest(path: Path, rows: pd.DataFrame) -> None:
    """Write rows as CSV, the common columns first, attributes after them in the order they came."""
    attributes = [column for column in rows.columns if column not in COLUMNS]
    with files.replacing(path) as temporary:
        rows[[*COLUMNS, *attributes]].to_csv(temporary, index=False, lineterminator="\n")


def read_manifest(path: Path) -> pd.DataFrame:
    """Read what write_manifest wrote: typed columns, attributes as text, no missing values.

    Raises:
        UserError: the file is missing, or lacks a column.
    """
    try:
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; `dvc repro prepare_splits` makes it.") from None
    missing = [column for column in COLUMNS if column not in rows.columns]
    if missing:
        raise UserError(
            f"{path} lacks the column(s) {', '.join(missing)}; run `dvc repro prepare_splits`."
        )
    rows["width"] = rows["width"].astype(int)
    rows["height"] = rows["height"].astype(int)
    rows["synthetic"] = rows["synthetic"] == "True"
    return rows
