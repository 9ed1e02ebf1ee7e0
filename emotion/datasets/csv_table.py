"""A folder with a `labels.csv`: the layout that can say who is in an image.

Columns path and label are required; split, subject, synthetic and source are optional; columns
votes_<word> count what annotators said; any other column is an attribute (skin tone, age, ...),
kept as text, and becomes a slice in the evaluation. Paths are found by `resolve_path`.
"""

import posixpath
from pathlib import Path

import pandas as pd

from emotion.core import manifest
from emotion.core.errors import UserError
from emotion.datasets.resolve_path import resolve_paths
from emotion.datasets.tables import describe_cells, read_text_table, require_columns
from emotion.datasets.votes import parse_votes

REQUIRED = ("path", "label")
OPTIONAL = ("split", "subject", "source", "synthetic")
FILLED_IN = {"attempts", "pixels", "vote_problem"} | set(manifest.COLUMNS) - {*REQUIRED, *OPTIONAL}
BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def read_csv_table(root: Path) -> pd.DataFrame:
    """Read `labels.csv`; one row an image, with the columns of `read_labeled_table`.

    Raises:
        UserError: as `read_labeled_table` does; or two rows name the same image, which only
            one of them can label.
    """
    table = root / "labels.csv"
    rows = read_labeled_table(
        table,
        root,
        "data.format csv needs it, with columns path and label. For class folders without a table "
        "set data.format to folder.",
    )
    paths = rows["path"].map(posixpath.normpath)
    repeated = paths.duplicated() & (rows["path"] != "")
    if repeated.any():
        raise UserError(
            f"{table}: {repeated.sum()} paths are repeated: {describe_cells(paths[repeated])}. "
            "Give each image one row."
        )
    return rows


def read_labeled_table(table: Path, root: Path, when_missing: str) -> pd.DataFrame:
    """Read a table of paths and labels, one row an image.

    An image that is not there, lies outside the root or has no path keeps its row.

    Args:
        table: the CSV file.
        root: the corpus's folder.
        when_missing: the cure for a missing file.

    Returns:
        The package's columns, the attributes, `votes_*` as integers, and `attempts`: where a
        missing image was looked for, or "".

    Raises:
        UserError: the file is missing, malformed, lacks or misuses a column, or has booleans or
            votes that are none.
    """
    rows = read_text_table(table, when_missing)
    require_columns(rows, REQUIRED, table, "Name the columns path and label.")
    taken = sorted(column for column in rows if column in FILLED_IN)
    if taken:
        raise UserError(
            f"{table} has the column(s) {', '.join(taken)}, which prepare_splits fills itself; "
            "rename or remove them."
        )
    for column in OPTIONAL:
        if column not in rows:
            rows[column] = ""
    rows["source"] = rows["source"].mask(rows["source"] == "", root.name)
    rows["synthetic"] = _booleans(rows["synthetic"], table)
    rows = parse_votes(rows, table)
    found = resolve_paths(rows["path"], table, root)
    return rows.assign(path=found["path"], attempts=found["attempts"])


def _booleans(cells: pd.Series, table: Path) -> pd.Series:
    words = cells.str.lower().mask(cells == "", "false")
    strange = ~words.isin(list(BOOLEANS))
    if strange.any():
        raise UserError(
            f"{table}: {strange.sum()} values of synthetic are not true or false: "
            f"{describe_cells(cells[strange])}; write true, false, or nothing (which means false)."
        )
    return words.map(BOOLEANS).astype(bool)
