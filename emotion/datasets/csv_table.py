"""A folder with a `labels.csv`: the layout that can say who is in a picture.

Columns path and label are required; split, subject, synthetic and source are optional; any other
column is an attribute (skin tone, age, ...), kept as text, and becomes a slice in the evaluation.
"""

import posixpath
import warnings
from pathlib import Path

import pandas as pd

from emotion.core import manifest
from emotion.core.errors import UserError

REQUIRED = ("path", "label")
OPTIONAL = ("split", "subject", "source", "synthetic")
BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_MALFORMED = (
    pd.errors.ParserError,
    pd.errors.ParserWarning,
    pd.errors.EmptyDataError,
    UnicodeDecodeError,
)
SHOWN = 5  # offending values in one message; the count tells the rest


def read_csv_table(root: Path) -> pd.DataFrame:
    """Read `labels.csv`; one row a picture.

    Raises:
        UserError: the file is missing, malformed, lacks or misuses a column, or has paths that
            are empty, repeated or outside the folder; or booleans that are none.
    """
    table = root / "labels.csv"
    rows = _read_text(table)
    _check_columns(rows, table)
    for column in OPTIONAL:
        if column not in rows:
            rows[column] = ""
    rows["path"] = _inside_paths(rows["path"], table)
    rows["source"] = rows["source"].mask(rows["source"] == "", root.name)
    rows["synthetic"] = _booleans(rows["synthetic"], table)
    return rows


def _read_text(table: Path) -> pd.DataFrame:
    try:
        with warnings.catch_warnings():
            # Rows longer than the header would lose their last cells with a mere warning.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            # utf-8-sig takes the mark that Excel writes.
            rows = pd.read_csv(
                table, dtype=str, keep_default_na=False, encoding="utf-8-sig", index_col=False
            )
    except FileNotFoundError:
        raise UserError(
            f"{table} does not exist; data.format csv needs it, with columns path and label. "
            "For class folders without a table set data.format to folder."
        ) from None
    except _MALFORMED as error:
        raise UserError(
            f"{table} is not a comma-separated UTF-8 table ({error}); save it again as CSV UTF-8."
        ) from None
    rows.columns = [str(column).strip() for column in rows.columns]
    return rows.fillna("").apply(lambda column: column.str.strip())


def _check_columns(rows: pd.DataFrame, table: Path) -> None:
    missing = [column for column in REQUIRED if column not in rows]
    if missing:
        raise UserError(
            f"{table} lacks the column(s) {', '.join(missing)}; it has {', '.join(rows.columns)}. "
            "Name the columns path and label."
        )
    measured = sorted(set(manifest.COLUMNS) - {*REQUIRED, *OPTIONAL})
    taken = [column for column in measured if column in rows]
    if taken:
        raise UserError(
            f"{table} has the column(s) {', '.join(taken)}, which the manifest fills itself; "
            "rename or remove them."
        )


def _inside_paths(paths: pd.Series, table: Path) -> pd.Series:
    """Normalised paths; all that are empty, absolute, climb out, or repeat raise one error."""
    clean = paths.map(posixpath.normpath)
    outside = (paths == "") | clean.isin([".", ".."]) | clean.str.startswith(("/", "../"))
    repeated = clean.duplicated() & ~outside
    problems = []
    if outside.any():
        problems.append(
            f"{outside.sum()} paths are empty or leave the folder: {_lines(paths[outside])}"
        )
    if repeated.any():
        problems.append(f"{repeated.sum()} paths are repeated: {_lines(paths[repeated])}")
    if problems:
        raise UserError(
            f"{table}: {'; '.join(problems)}. Give each picture one row, with its path relative "
            f"to {table.parent} and inside it."
        )
    return clean


def _booleans(cells: pd.Series, table: Path) -> pd.Series:
    words = cells.str.lower().mask(cells == "", "false")
    strange = ~words.isin(list(BOOLEANS))
    if strange.any():
        raise UserError(
            f"{table}: {strange.sum()} values of synthetic are not true or false: "
            f"{_lines(cells[strange])}; write true, false, or nothing (which means false)."
        )
    return words.map(BOOLEANS).astype(bool)


def _lines(cells: pd.Series) -> str:
    """The first offending cells, each with its line in the file (the header is line 1)."""
    shown = [f"{value!r} (line {index + 2})" for index, value in cells.head(SHOWN).items()]
    return ", ".join(shown) + (", ..." if len(cells) > SHOWN else "")
