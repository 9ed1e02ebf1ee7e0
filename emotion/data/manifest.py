"""The manifest: the table of images that all parts of the pipeline share.

Every manifest has the columns of COLUMNS. Optional ones are `evidence`, `face_regions`,
`evidence_units` and `share_<class>`; any other column of a corpus (`skin_tone`, `age`, ...) is an
attribute, kept as text, by which the evaluation is sliced.
"""

import hashlib
from pathlib import Path

import pandas as pd

from emotion.core import files
from emotion.core.errors import UserError

SPLITS = ("train", "val", "test")

COLUMNS = {
    "path": str,  # of the image, relative to the root of the repository or absolute
    "label": str,  # a class of the label map
    "split": str,  # train, val or test
    "subject": str,  # the person, or "" where unknown
    "source": str,  # the corpus
    "group": str,  # rows of one group are never in two splits
    "sha256": str,  # of the decoded pixels
    "width": int,  # pixels, after EXIF rotation
    "height": int,
    "synthetic": bool,  # drawn or generated, not photographed
}
_MAKE_AGAIN = "delete it and run `dvc repro prepare_splits`"
EVIDENCE = "evidence"  # path of a mask, white where the expression shows; "" where there is none
REGIONS = "face_regions"  # path of a mask with the values of face_regions.LEVELS; "" for none
MASKS = (EVIDENCE, REGIONS)
EVIDENCE_UNITS = "evidence_units"  # numbers of the action units that are evidence, "6 12 25"
SHARE = "share_"  # columns share_<class>: soft labels, summing to 1


def attribute_columns(rows: pd.DataFrame) -> list[str]:
    """The columns of a corpus that describe its faces, by which the evaluation is sliced."""
    known = {*COLUMNS, *MASKS, EVIDENCE_UNITS}
    return [name for name in map(str, rows) if name not in known and not name.startswith(SHARE)]


def hash_images(*tables: pd.DataFrame) -> str:
    """SHA-256 of which images, with which labels, are in which split.

    Paths and the order of the rows do not count, so the same splits on another machine have the
    same hash.
    """
    columns = ["split", "sha256", "label"]
    rows = pd.concat([table[columns] for table in tables]).sort_values(columns)
    return hashlib.sha256(rows.to_csv(index=False).encode()).hexdigest()


def write_manifest(path: Path, rows: pd.DataFrame) -> None:
    """Write rows as CSV, the columns of COLUMNS first, the others in their order."""
    others = [column for column in rows.columns if column not in COLUMNS]
    files.write_csv(path, rows[[*COLUMNS, *others]])


def read_manifest(path: Path) -> pd.DataFrame:
    """Read what write_manifest wrote: typed columns, attributes as text, no missing values.

    Raises:
        UserError: the file is missing or damaged, lacks a column, or has no rows.
    """
    try:
        with files.open_regular(path) as file:
            rows = pd.read_csv(file, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; `dvc repro prepare_splits` makes it.") from None
    except (OSError, ValueError) as error:  # not a file, not UTF-8, or cells that do not line up
        reason = " ".join(str(error).split())
        raise UserError(f"{path} cannot be read ({reason}); {_MAKE_AGAIN}.") from None
    missing = [column for column in COLUMNS if column not in rows.columns]
    if missing:
        raise UserError(f"{path} lacks the columns {', '.join(missing)}; {_MAKE_AGAIN}.")
    try:
        rows = rows.astype({"width": int, "height": int})
    except ValueError as error:
        raise UserError(f"{path} is damaged ({error}); {_MAKE_AGAIN}.") from None
    if rows.empty:
        raise UserError(f"{path} has no rows; {_MAKE_AGAIN}.")
    rows["synthetic"] = rows["synthetic"] == "True"
    return rows
