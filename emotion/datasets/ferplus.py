"""FER+ (Barsoum et al. 2016): ten people's votes on each image of FER2013.

`fer2013new.csv` lies beside FER2013's table and has the same rows in the same order; its Usage
column is compared row by row, so that a shuffled or shortened table is found out. The authors'
script leaves out the rows without an image name, which are the images without a face; here they
stay, and their votes (10 times NF, in those we looked at) say so.
"""

from pathlib import Path

import pandas as pd

from emotion.core.errors import UserError
from emotion.datasets.fer2013 import find_table, read_pixel_table
from emotion.datasets.tables import describe_cells, read_text_table, require_columns
from emotion.datasets.votes import parse_votes

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
_CURE = (
    "Take fer2013new.csv from github.com/microsoft/FERPlus and fer2013.csv as Kaggle publishes it."
)


def read_ferplus(root: Path) -> pd.DataFrame:
    """Read FER2013's table with FER+'s votes.

    Returns:
        The columns of `read_fer2013` with `label` "", and integers `votes_<word>`, lower case.
        `votes.labels_from_votes` makes labels of them.

    Raises:
        UserError: a table is missing, malformed or lacks a column; the two do not have the same
            rows; or votes are not whole numbers.
    """
    table = find_table(root)
    if table is None:
        raise UserError(f"{root} has no fer2013.csv; data.format ferplus needs it. {_CURE}")
    given = root / TABLE
    cells = read_text_table(given, f"data.format ferplus needs it. {_CURE}")
    require_columns(cells, ("Usage", *WORDS), given, _CURE)
    votes = cells[list(WORDS)].rename(columns={word: f"votes_{word.lower()}" for word in WORDS})
    votes = parse_votes(votes, given)

    rows = read_pixel_table(table).assign(source="ferplus", label="")
    if len(rows) != len(votes):
        raise UserError(
            f"{given} has {len(votes):,} rows, {table} has {len(rows):,}; they must have the same "
            f"rows in the same order. {_CURE}"
        )
    other = rows["split"] != cells["Usage"]
    if other.any():
        raise UserError(
            f"{given} and {table} must have the same rows in the same order, but {other.sum()} "
            f"differ in Usage, first {describe_cells(cells['Usage'][other])}. {_CURE}"
        )
    return pd.concat([rows, votes], axis=1)
