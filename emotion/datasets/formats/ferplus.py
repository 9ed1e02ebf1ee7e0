"""Read FER+ (Barsoum et al. 2016): the votes of ten annotators on each image of FER2013.

`fer2013new.csv` is stored next to the table of FER2013 and has the same rows in the same order. Its
column Usage is compared row by row to detect a shuffled or shortened table. The authors' script
drops the rows without an image name, which are the images without a face. They are kept here,
because their votes (10 times NF, in the rows we checked) identify them.
"""

from pathlib import Path

import pandas as pd

from emotion.core.errors import UserError
from emotion.datasets.formats import codes
from emotion.datasets.formats.fer2013 import TABLES, read_pixel_table
from emotion.datasets.formats.tables import find_in, read_text_table, refuse_cells, require_columns
from emotion.datasets.formats.votes import PREFIX, parse_votes

TABLE = "fer2013new.csv"
LABEL = "fer2013_label"
WORDS = (
    *("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"),
    *("unknown", "NF"),
)
_HINT = (
    "use fer2013new.csv from github.com/microsoft/FERPlus and fer2013.csv as published on Kaggle, "
    "both in data.root"
)


def read_ferplus(root: Path) -> pd.DataFrame:
    """Read the table of FER2013 with the votes of FER+.

    Returns:
        The columns of `read_fer2013` with `label` "", integers `votes_<word>`, lower case, and the
        label of FER2013 in the column LABEL. `votes.labels_from_votes` turns votes into labels.

    Raises:
        UserError: a table is missing, malformed or lacks a column; the two tables do not have the
            same rows; or votes are not whole numbers.
    """
    table, votes_table = find_in(root, TABLES, Path.is_file, _HINT), root / TABLE
    cells = read_text_table(votes_table, _HINT)
    require_columns(cells, ("Usage", *WORDS), votes_table, _HINT)
    votes = cells[list(WORDS)].rename(columns={word: f"{PREFIX}{word.lower()}" for word in WORDS})
    votes = parse_votes(votes, votes_table)

    rows = read_pixel_table(table)
    rows = rows.rename(columns={"label": LABEL}).drop(columns=list(codes.COLUMNS))
    rows = rows.assign(source="ferplus", label="")
    if len(rows) != len(votes):
        problem = f"has {len(votes):,} rows, but should have the {len(rows):,} rows of {table}"
        raise UserError(problem, _HINT, file=votes_table)
    other = cells["Usage"][cells["Usage"] != rows["split"]]
    refuse_cells(other, f"rows whose Usage is not that of {table}", votes_table, _HINT)
    return pd.concat([rows, votes], axis=1)
