"""Read and write the manifest, the table of images that all stages use.

Every manifest has the columns of COLUMNS. Optional ones are `evidence`, `face_regions`,
`evidence_units` and `share_<class>`; any other column of a dataset (`skin_tone`, `age`, ...) is an
attribute, kept as text, by which the evaluation is sliced.
"""

import hashlib
from pathlib import Path

import pandas as pd

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.seeding import derive_seed

SPLITS = ("train", "val", "test")

COLUMNS = {
    "path": str,  # of the image, relative to the root of the repository or absolute
    "label": str,  # a class of the label map
    "split": str,  # train, val or test
    "subject": str,  # the person, or "" where unknown
    "source": str,  # the dataset
    "group": str,  # all rows of a group are in one split
    "sha256": str,  # of the decoded pixels
    "width": int,  # pixels, after EXIF rotation
    "height": int,
    "synthetic": bool,  # drawn or generated, not photographed
}
EVIDENCE = "evidence"  # path of a mask, white where the expression is visible; "" for no mask
REGIONS = "face_regions"  # path of a mask with the values of face_regions.LEVELS; "" for no mask
MASKS = (EVIDENCE, REGIONS)
EVIDENCE_UNITS = "evidence_units"  # numbers of the action units that are evidence, "6 12 25"
SHARE = "share_"  # columns share_<class>: soft labels, summing to 1


def attribute_columns(rows: pd.DataFrame) -> list[str]:
    """The columns that describe the faces of a dataset, by which the evaluation is sliced."""
    known = {*COLUMNS, *MASKS, EVIDENCE_UNITS}
    return [name for name in map(str, rows) if name not in known and not name.startswith(SHARE)]


def hash_images(*tables: pd.DataFrame) -> str:
    """SHA-256 of the images, labels and splits of some tables, as hexadecimal digits.

    Paths and the order of the rows do not count, so the same splits on another machine have the
    same hash.

    Args:
        tables: with the columns split, sha256 and label.
    """
    columns = ["split", "sha256", "label"]
    rows = pd.concat([table[columns] for table in tables]).sort_values(columns)
    return hashlib.sha256(rows.to_csv(index=False).encode()).hexdigest()


def order_by_content(rows: pd.DataFrame, purpose: str) -> pd.DataFrame:
    """Sort rows in a pseudo-random order that depends on their pixels alone.

    The first rows are a random sample that is the same for every model and every order of the
    manifest.

    Args:
        rows: with the columns sha256 and path; path orders images of equal pixels.
        purpose: seeds the order, so that samples for different purposes are independent.

    Returns:
        The same rows and columns; their index labels are kept.
    """
    keys = [derive_seed(purpose, sha256) for sha256 in rows["sha256"]]
    return rows.assign(_key=keys).sort_values(["_key", "path"]).drop(columns="_key")


def write_manifest(path: Path, rows: pd.DataFrame) -> None:
    """Write rows as CSV, the columns of COLUMNS first, the others in their order.

    Args:
        path: of the file.
        rows: with the columns of COLUMNS, and any others.
    """
    others = [column for column in rows.columns if column not in COLUMNS]
    files.write_csv(path, rows[[*COLUMNS, *others]])


def read_manifest(path: Path) -> pd.DataFrame:
    """Read what write_manifest wrote.

    Returns:
        One row per image; width and height are int64, synthetic is bool, all other columns are
        text, without missing values.

    Raises:
        UserError: the file is missing or damaged, lacks a column, or has no rows.
    """
    try:
        with files.open_regular(path) as file:
            rows = pd.read_csv(file, dtype=str, keep_default_na=False)
        if missing := [column for column in COLUMNS if column not in rows.columns]:
            raise ValueError(f"lacks the columns {', '.join(missing)}")
        if rows.empty:
            raise ValueError("has no rows")
        rows = rows.astype({"width": int, "height": int})
    except FileNotFoundError:
        raise UserError("does not exist", "run `dvc repro prepare_splits`", file=path) from None
    except (OSError, ValueError) as error:  # not a file, not UTF-8, or cells that do not line up
        reason = " ".join(str(error).split())
        hint = "delete it and run `dvc repro prepare_splits`"
        raise UserError(f"cannot be used: {reason}", hint, file=path) from None
    rows["synthetic"] = rows["synthetic"] == "True"
    return rows
