"""Read and write the manifest, the table of images that all stages use.

Every manifest has the columns of COLUMNS. Where faces are detected (data.faces), it also has those
of FACE_COLUMNS, and one row per face. Optional ones are `evidence`, `face_regions`,
`evidence_units` and `share_<class>`; any other column of a dataset (`skin_tone`, `age`, ...) is an
attribute, kept as text, by which the evaluation is sliced.
"""

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.seeding import derive_seed
from emotion.data.face import Face, FaceImage

SPLITS = ("train", "val", "test")

COLUMNS = {
    "path": str,  # of the image, relative to the root of the repository or absolute
    "label": str,  # a class of the label map
    "split": str,  # train, val or test
    "subject": str,  # the person, or "" where unknown
    "source": str,  # the dataset
    "group": str,  # all rows of a group are in one split
    "sha256": str,  # of the decoded pixels; where faces are detected, of the crop
    "width": int,  # pixels, after EXIF rotation
    "height": int,
    "synthetic": bool,  # drawn or generated, not photographed
}
FACE_COLUMNS = {  # numbers of `Face`, separated by spaces; those of a row without a face are ""
    "face": str,  # number of the face in its image, from 0, the largest
    "face_box": str,
    "face_landmarks": str,
    "face_turn": str,
    "face_score": str,
    "image_sha256": str,  # of the decoded pixels of the whole image
}
EVIDENCE = "evidence"  # path of a mask, white where the expression is visible; "" for no mask
REGIONS = "face_regions"  # path of a mask with the values of face_regions.LEVELS; "" for no mask
MASKS = (EVIDENCE, REGIONS)
EVIDENCE_UNITS = "evidence_units"  # numbers of the action units that are evidence, "6 12 25"
SHARE = "share_"  # columns share_<class>: soft labels, summing to 1


def attribute_columns(rows: pd.DataFrame) -> list[str]:
    """The columns that describe the faces of a dataset, by which the evaluation is sliced."""
    known = {*COLUMNS, *FACE_COLUMNS, *MASKS, EVIDENCE_UNITS}
    return [name for name in map(str, rows) if name not in known and not name.startswith(SHARE)]


def face_columns(number: int, face: Face | None, image_sha256: str) -> dict[str, str]:
    """The cells of FACE_COLUMNS for the face with this number in its image, or for none."""
    cells = dict.fromkeys(FACE_COLUMNS, "") | {"face": str(number), "image_sha256": image_sha256}
    if face is None:
        return cells
    points = [value for point in face.landmarks for value in point]
    return cells | {
        "face_box": _join(face.box),
        "face_landmarks": _join(points),
        "face_turn": str(face.turn),
        "face_score": _join([face.score]),
    }


def image_columns(rows: pd.DataFrame) -> list[str]:
    """The columns that say which image, and which face of it, a row is about."""
    return ["path", *(name for name in FACE_COLUMNS if name in rows)]


def face_images(rows: pd.DataFrame, column: str = "path") -> list[FaceImage]:
    """The images of a manifest, each with the face of its row.

    Args:
        rows: of a manifest, or with its `image_columns`; `width` and `height` are needed only for
            masks of another size.
        column: path, or a column of MASKS.
    """
    paths = rows[column].tolist()
    if "face_box" not in rows:
        return [FaceImage(path) for path in paths]
    cells = rows[["face_box", "face_landmarks", "face_turn", "face_score"]].itertuples(index=False)
    sizes: list[tuple[int, int] | None] = [None] * len(rows)
    if "width" in rows:
        sizes = list(zip(rows["width"].tolist(), rows["height"].tolist(), strict=True))
    return [
        FaceImage(path, _parse_face(*face), size)
        for path, face, size in zip(paths, cells, sizes, strict=True)
    ]


def _join(values: Sequence[float]) -> str:
    return " ".join(f"{value:.2f}" for value in values)


def _parse_face(box: str, landmarks: str, turn: str, score: str) -> Face | None:
    if not box:
        return None
    numbers = [float(value) for value in f"{box} {landmarks}".split()]
    if len(numbers) != 14 or not all(map(math.isfinite, numbers)) or int(turn) % 90:
        raise ValueError(f"the box {box!r}, landmarks {landmarks!r}, turn {turn!r} are of no face")
    left, top, right, bottom, *points = numbers
    return Face(
        box=(left, top, right, bottom),
        score=float(score),
        landmarks=tuple(zip(points[::2], points[1::2], strict=True)),
        turn=int(turn),
    )


def hash_images(*tables: pd.DataFrame) -> str:
    """SHA-256 of the images, labels and splits of some tables, as hexadecimal digits.

    Paths and the order of the rows do not count, so the same splits on another machine have the
    same hash.

    Args:
        tables: with the columns split, sha256 and label; with `face_box`, the faces count too.
    """
    columns = ["split", "sha256", "label"]
    columns += ["face_box", "face_landmarks"] if "face_box" in tables[0] else []
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
        needed = [*COLUMNS, *(FACE_COLUMNS if "face_box" in rows else ())]
        if missing := [column for column in needed if column not in rows.columns]:
            raise ValueError(f"lacks the columns {', '.join(missing)}")
        if rows.empty:
            raise ValueError("has no rows")
        rows = rows.astype({"width": int, "height": int})
        face_images(rows)  # raises for cells that are of no face
    except FileNotFoundError:
        raise UserError("does not exist", "run `dvc repro prepare_splits`", file=path) from None
    except (OSError, ValueError) as error:  # not a file, not UTF-8, or cells that do not line up
        reason = " ".join(str(error).split())
        hint = "delete it and run `dvc repro prepare_splits`"
        raise UserError(f"cannot be used: {reason}", hint, file=path) from None
    rows["synthetic"] = rows["synthetic"] == "True"
    return rows
