"""Read a folder with `train.csv`, `val.csv` and `test.csv`: an existing split.

Each file is a table like `labels.csv` of format csv. The file determines the split; a column split
is ignored. `val.csv` may be missing, or be named `valid.csv` or `validation.csv`. Paths often come
from another machine; see `resolve_path`. An image may have several rows: within one file this is
oversampling, across files it is a leak. The caller detects both.
"""

from pathlib import Path

import pandas as pd

from emotion.core.errors import UserError
from emotion.datasets.formats.csv_table import read_labeled_table
from emotion.datasets.formats.votes import PREFIX

VAL_NAMES = ("val.csv", "valid.csv", "validation.csv")
_HINT = (
    "data.format split_csvs needs train.csv and test.csv, and may have val.csv, each with columns "
    "path and label"
)


def read_split_csvs(root: Path) -> pd.DataFrame:
    """Read the tables one after the other: train, val, test.

    Returns:
        The columns of `read_labeled_table`. A column that only some files have is "" in the rows
        of the others; a missing vote count is 0.

    Raises:
        UserError: train.csv or test.csv is missing, there are two validation files, or a file is
            malformed, lacks or misuses a column.
    """
    val_tables = [root / name for name in VAL_NAMES if (root / name).is_file()]
    if len(val_tables) > 1:
        names = " and ".join(table.name for table in val_tables)
        raise UserError(f"has {names}", "keep one of them", file=root)
    tables = [
        ("train", root / "train.csv"),
        *(("val", table) for table in val_tables),
        ("test", root / "test.csv"),
    ]
    parts = [read_labeled_table(table, root, _HINT).assign(split=split) for split, table in tables]
    votes = {name: 0 for part in parts for name in map(str, part) if name.startswith(PREFIX)}
    rows = pd.concat(parts, ignore_index=True).fillna(votes).fillna("")
    return rows.astype({**dict.fromkeys(votes, int), "synthetic": bool})
