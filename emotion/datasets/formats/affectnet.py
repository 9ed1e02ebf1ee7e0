"""AffectNet (Mollahosseini et al. 2017), manually annotated part, in either published form.

The first release has training.csv and validation.csv next to Manually_Annotated_Images. The later
one has train_set and val_set, each with images/<id>.jpg and annotations/<id>_exp.npy, _val.npy and
_aro.npy. No test split was published, and all published results are for the validation set.
Therefore the validation set is used as test, and val is taken from train.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from emotion.core.errors import UserError
from emotion.core.files import open_regular
from emotion.data.images import SUFFIXES
from emotion.datasets.formats import codes
from emotion.datasets.formats.file_names import refuse_unencodable
from emotion.datasets.formats.tables import find_in, read_text_table, require_columns

TABLES = {"train": "training.csv", "test": "validation.csv"}
TABLE_FOLDERS = ("", "Manually_Annotated_file_lists")
IMAGE_FOLDERS = ("Manually_Annotated_Images", "Manually_Annotated/Manually_Annotated_Images")
SETS = {"train": "train_set", "test": "val_set"}
COLUMNS = ("subDirectory_filePath", "expression", "valence", "arousal")
WORDS = (  # of the codes from 0
    *("Neutral", "Happiness", "Sadness", "Surprise", "Fear", "Disgust", "Anger", "Contempt"),
    "no expression",  # `None` in the dataset: none of the listed emotions, not neutral
    *("Uncertain", "No-Face"),
)


def read_affectnet(root: Path) -> pd.DataFrame:
    """Read whichever form is found in root.

    Returns:
        The columns of the package and of `codes`, and the attributes valence and arousal as text
        (-1 to 1; -2 in the dataset means no value). Codes 8 to 10 become words that are not
        classes; unknown codes are kept.

    Raises:
        UserError: neither form is found; a folder is missing; a table is missing, malformed or
            lacks a column.
    """
    lists = next((root / f for f in TABLE_FOLDERS if (root / f / TABLES["train"]).is_file()), None)
    if lists is not None:
        parts = _read_tables(root, lists)
    elif (root / SETS["train"]).is_dir():
        parts = [_read_set(root / name).assign(split=split) for split, name in SETS.items()]
    else:
        problem = f"has neither {TABLES['train']} nor the folder {SETS['train']}"
        hint = "data.format affectnet needs AffectNet in a published layout: correct data.root"
        raise UserError(problem, hint, file=root, key="data.root")
    rows = pd.concat(parts, ignore_index=True)
    rows = rows.join(codes.name_codes(rows["expression"], WORDS, lists or root))
    rows = rows.assign(subject="", source="affectnet", synthetic=False)
    columns = ["path", "label", "split", "subject", "source", "synthetic", "valence", "arousal"]
    return rows[[*columns, *codes.COLUMNS]]


def _read_tables(root: Path, lists: Path) -> list[pd.DataFrame]:
    hint = "unpack the images there, or correct data.root"
    folder = find_in(root, IMAGE_FOLDERS, Path.is_dir, hint).relative_to(root).as_posix()
    parts = []
    for split, name in TABLES.items():
        table = lists / name
        # The landmarks, nine tenths of the file, are not loaded.
        hint = f"data.format affectnet needs {' and '.join(TABLES.values())}"
        rows = read_text_table(table, hint, only=COLUMNS)
        require_columns(rows, COLUMNS, table, "use the table as published")
        path = rows["subDirectory_filePath"].str.replace("\\", "/")
        parts.append(rows.assign(path=(f"{folder}/" + path).mask(path == "", ""), split=split))
    return parts


def _read_set(folder: Path) -> pd.DataFrame:
    """One row per id that has an image, an annotation or both, sorted by id."""
    for name in ("images", "annotations"):
        if not (folder / name).is_dir():
            hint = f"make the folders images and annotations in {' and '.join(SETS.values())}"
            raise UserError("does not exist", hint, file=folder / name)
    images = {
        path.stem: path.name
        for path in (folder / "images").iterdir()
        if path.suffix.lower() in SUFFIXES and path.name[0] != "."
    }
    annotated = {p.name.removesuffix("_exp.npy") for p in folder.glob("annotations/*_exp.npy")}
    ids = sorted(images.keys() | annotated, key=lambda name: (len(name), name))
    refuse_unencodable([*ids, *images.values()])
    rows = pd.DataFrame(
        {"path": [f"{folder.name}/images/{images.get(name, f'{name}.jpg')}" for name in ids]},
        dtype=str,
    )
    for column, suffix in (("expression", "exp"), ("valence", "val"), ("arousal", "aro")):
        rows[column] = [_read_cell(folder / "annotations" / f"{i}_{suffix}.npy") for i in ids]
    return rows


def _read_cell(path: Path) -> str:
    """The single value of a .npy file, text or number, as text; "" if it cannot be read."""
    try:
        with open_regular(path) as file:
            return str(np.load(file, allow_pickle=False).item()).strip()
    except (OSError, ValueError, EOFError):
        return ""
