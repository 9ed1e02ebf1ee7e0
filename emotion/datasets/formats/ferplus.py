"""FER+ (Barsoum et al. 2016): the votes of ten annotators on each image of FER2013.

`fer2013new.csv` is stored next to the table of FER2013 and has the same rows in the same order. Its
column Usage is compared row by row to detect a shuffled or shortened table. The authors' script
drops the rows without an image name, which are the images without a face. They are kept here,
because their votes (10 times NF, in the rows we checked) identify them.
"""

from pathlib import Path

import pandas as pd

from emotion.core.errors import UserError
from emotion.datasets.formats.fer2013 import find_table, read_pixel_table
from emotion.datasets.formats.tables import describe_cells, read_text_table, require_columns
from emotion.datasets.formats.votes import PREFIX, parse_votes

TABLE = "fer2013new.csv"
WORDS = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "NF",
)
_FIX = (
    "Use fer2013new.csv from github.com/microsoft/FERPlus and fer2013.csv as published on Kaggle."
)


def read_ferplus(root: Path) -> pd.DataFrame:
    """Read the table of FER2013 with the votes of FER+.

    Returns:
        The columns of `read_fer2013` with `label` "", and integers `votes_<word>`, lower case.
        `votes.labels_from_votes` turns them into labels.

    Raises:
        UserError: a table is missing, malformed or lacks a column; the two tables do not have the
            same rows; or votes are not whole numbers.
    """
    table = find_table(root)
    if table is None:
        raise UserError(f"{root} has no fer2013.csv; data.format ferplus needs it. {_FIX}")
    votes_table = root / TABLE
    cells = read_text_table(votes_table, f"data.format ferplus needs it. {_FIX}")
    require_columns(cells, ("Usage", *WORDS), votes_table, _FIX)
    votes = cells[list(WORDS)].rename(columns={word: f"{PREFIX}{word.lower()}" for word in WORDS})
    votes = parse_votes(votes, votes_table)

    rows = read_pixel_table(table).assign(source="ferplus", label="")
    if len(rows) != len(votes):
        raise UserError(
            f"{votes_table} has {len(votes):,} rows, {table} has {len(rows):,}; they must have the "
            f"same rows in the same order. {_FIX}"
        )
    other = rows["split"] != cells["Usage"]
    if other.any():
        raise UserError(
            f"{votes_table} and {table} must have the same rows in the same order, but "
            f"{other.sum()} differ in Usage, first {describe_cells(cells['Usage'][other])}. {_FIX}"
        )
    return pd.concat([rows, votes], axis=1)
