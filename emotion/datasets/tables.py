"""Read a CSV file as text, with one error message per defect.

Every corpus that is a table is read here, so that Excel's byte order mark, a wrong encoding, ragged
rows and missing columns are handled in one place.
"""

import warnings
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from emotion.core.errors import UserError

SHOWN = 5  # invalid values listed in one message, next to their total count
_MALFORMED = (
    pd.errors.ParserError,
    pd.errors.ParserWarning,
    pd.errors.EmptyDataError,
    UnicodeDecodeError,
)


def read_text_table(
    table: Path, when_missing: str, only: Collection[str] | None = None
) -> pd.DataFrame:
    """Read every cell as text; spaces around headings and cells are removed, empty cells are "".

    Args:
        table: the file.
        when_missing: second half of the message for a missing file: how to fix it.
        only: headings to keep; other columns are not loaded.

    Raises:
        UserError: the file is missing, cannot be opened or is malformed.
    """
    if table.exists() and not table.is_file():  # a pipe would be waited for
        raise UserError(f"{table} is not a file; {when_missing}")
    try:
        with warnings.catch_warnings():
            # Otherwise rows longer than the header lose their last cells with only a warning.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            rows = pd.read_csv(
                table,
                dtype=str,
                keep_default_na=False,
                encoding="utf-8-sig",  # removes the byte order mark that Excel writes
                index_col=False,
                usecols=None if only is None else lambda heading: heading.strip() in only,
            )
    except FileNotFoundError:
        raise UserError(f"{table} does not exist; {when_missing}") from None
    except OSError as error:
        raise UserError(f"{table} cannot be read: {error.strerror}.") from None
    except _MALFORMED as error:
        raise UserError(
            f"{table} is not a comma-separated UTF-8 table ({error}); save it as CSV UTF-8."
        ) from None
    rows = rows.rename(columns=lambda heading: str(heading).strip())
    return rows.fillna("").apply(lambda column: column.str.strip())


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
    shown = [f"{value!r} (line {line})" for value, line in zip(first, lines, strict=True)]
    return ", ".join(shown) + (", ..." if len(cells) > SHOWN else "")
