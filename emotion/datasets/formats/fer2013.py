"""Read FER2013 (Goodfellow et al. 2013): 35,887 gray faces of 48 x 48 pixels.

Three forms are in circulation: Kaggle's `fer2013.csv` with one image per row as a string of pixels,
the same table as `icml_face_data.csv` with spaces before its headings, and class folders under
train/ and test/ (where test contains the images of both leaderboards, so there is no val).
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from emotion.core.errors import UserError
from emotion.datasets.formats.codes import name_codes
from emotion.datasets.formats.folder import read_folder
from emotion.datasets.formats.tables import hint_if_packed, read_text_table, require_columns

TABLES = ("fer2013.csv", "icml_face_data.csv")  # the first one found is read
COLUMNS = ("emotion", "pixels", "Usage")
WORDS = ("Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral")  # of codes from 0
SIDE = 48
_HINT = "use fer2013.csv as published on Kaggle"
_GRAY = {str(value): value for value in range(256)}


def read_fer2013(root: Path) -> pd.DataFrame:
    """Read whichever form is found in root.

    Returns:
        The columns of the package. For a table also those of `codes`, and `pixels`, uint8 arrays of
        48 x 48, None if the string is invalid; `path` is `fer2013/<row>.png`, the name of the file
        to write. `split` is the column Usage: Training, PublicTest (used as val) or PrivateTest
        (used as test).

    Raises:
        UserError: no form is found, or the table is malformed, lacks a column or has images of
            another size than 48 x 48.
    """
    if table := next((root / name for name in TABLES if (root / name).is_file()), None):
        return read_pixel_table(table)
    if (root / "train").is_dir() and (root / "test").is_dir():
        return read_folder(root).assign(source="fer2013")
    problem = f"has neither {' nor '.join(TABLES)} nor the folders train and test"
    hint = hint_if_packed(root, "data.format fer2013 needs one of the three: correct data.root")
    raise UserError(problem, hint, file=root, key="data.root")


def read_pixel_table(table: Path) -> pd.DataFrame:
    """Read the table of FER2013; returns and raises as in `read_fer2013`."""
    cells = read_text_table(table, _HINT, only=COLUMNS)
    require_columns(cells, COLUMNS, table, _HINT)
    pixels = np.empty(len(cells), dtype=object)  # filled one by one; otherwise NumPy stacks them
    for row, image in enumerate(_parse_images(cells["pixels"])):
        pixels[row] = image
    if not any(image is not None for image in pixels):
        first = len("".join(cells["pixels"][:1]).split())
        problem = f"has no row of {SIDE * SIDE} pixels from 0 to 255 (the first has {first} values)"
        raise UserError(problem, _HINT, file=table)
    rows = pd.DataFrame(
        {
            "path": [f"fer2013/{row:05d}.png" for row in range(len(cells))],
            "split": cells["Usage"],
            "pixels": pixels,
        }
    ).join(name_codes(cells["emotion"], WORDS, table))
    return rows.assign(subject="", source="fer2013", synthetic=False)


def _parse_images(texts: Iterable[str]) -> Iterator[np.ndarray | None]:
    for text in texts:
        try:
            # A lookup takes half the time of int() and rejects 256, -1, 1.5 and words alike.
            values = bytes(map(_GRAY.__getitem__, text.split()))
        except KeyError:
            values = b""
        complete = len(values) == SIDE * SIDE
        yield np.frombuffer(values, np.uint8).reshape(SIDE, SIDE) if complete else None
