"""Read a CSV file as text, and say what is wrong with it in one sentence.

Every corpus that is a table is read here, so that Excel's mark, a wrong encoding, ragged rows and
missing columns are met in one place.
"""

import warnings
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from emotion.core.errors import UserError

SHOWN = 5  # offending values in one message; the count tells the rest
_MALFORMED = (
    pd.errors.ParserError,
    pd.errors.ParserWarning,
    pd.errors.EmptyDataError,
    UnicodeDecodeError,
)


def read_text_table(
    table: Path, when_missing: str, only: Collection[str] | None = None
) -> pd.DataFrame:
    """Read every cell as text; spaces around headings and cells go, empty cells are "".

    Args:
        table: the file.
        when_missing: what to tell who does not have it: the second half of the sentence.
        only: headings to keep; the others are not even held in memory.

    Raises:
        UserError: the file is missing or malformed.
    """
    try:
        with warnings.catch_warnings():
            # Rows longer than the header would lose their last cells with a mere warning.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            rows = pd.read_csv(
                table,
                dtype=str,
                keep_default_na=False,
                encoding="utf-8-sig",  # takes the mark that Excel writes
                index_col=False,
                usecols=None if only is None else lambda heading: heading.strip() in only,
            )
    except FileNotFoundError:
        raise UserError(f"{table} does not exist; {when_missing}") from None
    except _MALFORMED as error:
        raise UserError(
            f"{table} is not a comma-separated UTF-8 table ({error}); save it again as CSV UTF-8."
        ) from None
    rows.columns = [str(column).strip() for column in rows.columns]
    return rows.fillna("").apply(lambda column: column.str.strip())


def require_columns(rows: pd.DataFrame, required: Collection[str], table: Path, cure: str) -> None:
    """Refuse a table that lacks columns; `cure` is the last sentence of the message."""
    missing = [column for column in required if column not in rows]
    if missing:
        raise UserError(
            f"{table} lacks the column(s) {', '.join(missing)}; it has {', '.join(rows.columns)}. "
            f"{cure}"
        )


def describe_cells(cells: pd.Series) -> str:
    """The first offending cells, each with its line in the file (the header is line 1)."""
    shown = [f"{value!r} (line {index + 2})" for index, value in cells.head(SHOWN).items()]
    return ", ".join(shown) + (", ..." if len(cells) > SHOWN else "")
