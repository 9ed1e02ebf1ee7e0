"""Read a CSV file as text, with one error message per defect.

Every corpus that is a table is read here, so that Excel's byte order mark, a wrong encoding, ragged
rows and missing columns are handled in one place.
"""

import csv
import io
import warnings
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.text import shorten

SHOWN = 5  # invalid values listed in one message, next to their total count
_MALFORMED = (
    pd.errors.ParserError,
    pd.errors.ParserWarning,
    pd.errors.EmptyDataError,
    csv.Error,
    ValueError,
)


def read_text_table(
    table: Path, when_missing: str, only: Collection[str] | None = None
) -> pd.DataFrame:
    """Read every cell as text; spaces around headings and cells are removed, empty cells are "".

    The separator is a comma, a semicolon or a tab; the encoding UTF-8, or UTF-16 with its mark, as
    spreadsheet programs write.

    Args:
        table: the file.
        when_missing: second half of the message for a missing file: how to fix it.
        only: headings to keep; other columns are not loaded.

    Raises:
        UserError: the file is missing, cannot be opened or is malformed, or a column is repeated.
    """
    try:
        text = files.read_text(table)
    except FileNotFoundError:
        raise UserError(f"{table} does not exist; {when_missing}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"it is not UTF-8 ({error})"
        raise UserError(f"{table} cannot be read: {reason}; {when_missing}") from None
    try:
        separator, headings = _read_header(text)
        with warnings.catch_warnings():
            # Otherwise rows longer than the header lose their last cells with only a warning.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            rows = pd.read_csv(
                io.StringIO(text),
                sep=separator,
                dtype=str,
                keep_default_na=False,
                index_col=False,
                usecols=None if only is None else lambda heading: heading.strip() in only,
            )
    except _MALFORMED as error:
        raise UserError(
            f"{table} is not a comma-separated UTF-8 table ({str(error).strip()}); save it as "
            "CSV UTF-8."
        ) from None
    repeated = sorted({name for name in headings if headings.count(name) > 1 and name})
    if repeated:
        raise UserError(
            f"{table} has more than one column {', '.join(repeated)}; keep one of each."
        )
    rows = rows.rename(columns=lambda heading: str(heading).strip())
    return rows.fillna("").apply(lambda column: column.str.strip())


def _read_header(text: str) -> tuple[str, list[str]]:
    """The separator and the headings: commas, or what separates more headings than commas do."""
    line = text.lstrip("\r\n")
    headings = {mark: next(csv.reader(io.StringIO(line), delimiter=mark), []) for mark in ",;\t"}
    separator = max(headings, key=lambda mark: len(headings[mark]))  # the first of equal ones
    return separator, [heading.strip() for heading in headings[separator]]


def require_columns(rows: pd.DataFrame, required: Collection[str], table: Path, fix: str) -> None:
    """Raise a UserError if columns are missing; `fix` is the last sentence of its message."""
    missing = [column for column in required if column not in rows]
    if missing:
        raise UserError(
            f"{table} lacks the column(s) {', '.join(missing)}; it has {', '.join(rows.columns)}. "
            f"{fix}"
        )


def describe_cells(cells: pd.Series) -> str:
    """The first invalid cells, each with its line in the file (the header is line 1)."""
    first = cells.head(SHOWN)
    lines = (int(index) + 2 for index in first.index)
    shown = [
        f"{shorten(repr(value))} (line {line})" for value, line in zip(first, lines, strict=True)
    ]
    return ", ".join(shown) + (", ..." if len(cells) > SHOWN else "")
