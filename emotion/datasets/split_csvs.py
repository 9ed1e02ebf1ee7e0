"""A folder with `train.csv`, `val.csv` and `test.csv`: somebody else's split, as it is shared.

Each is a table as `labels.csv` of format csv; the file gives the split, whatever a column of that
name says. `val.csv` may be missing, or be called `valid.csv` or `validation.csv`. Paths often come
from another machine; see `resolve_path`. An image may stand in several rows: within a file that
is oversampling, across files it is a leak, and to find both is the caller's work.
"""

from pathlib import Path

import pandas as pd

from emotion.core.errors import UserError
from emotion.datasets.csv_table import read_labeled_table

VAL_NAMES = ("val.csv", "valid.csv", "validation.csv")
_CURE = (
    "data.format split_csvs needs train.csv and test.csv, and may have val.csv, each with columns "
    "path and label."
)


def read_split_csvs(root: Path) -> pd.DataFrame:
    """Read the tables one after the other: train, val, test.

    Returns:
        The columns of `read_labeled_table`; an attribute that only some files have is "" in the
        others, and a missing count of votes is 0.

    Raises:
        UserError: train.csv or test.csv is missing, there are two validation files, or a file is
            malformed, lacks or misuses a column.
    """
    val_tables = [root / name for name in VAL_NAMES if (root / name).is_file()]
    if len(val_tables) > 1:
        raise UserError(
            f"{root} has {' and '.join(table.name for table in val_tables)}; keep one of them."
        )
    tables = {"train": root / "train.csv", "test": root / "test.csv"}
    if val_tables:
        tables = {"train": tables["train"], "val": val_tables[0], "test": tables["test"]}
    parts = [
        read_labeled_table(table, root, _CURE).assign(split=split)
        for split, table in tables.items()
    ]
    votes = {name: 0 for part in parts for name in part if name.startswith("votes_")}
    rows = pd.concat(parts, ignore_index=True).fillna(votes).fillna("")
    return rows.astype({**dict.fromkeys(votes, int), "synthetic": bool})
