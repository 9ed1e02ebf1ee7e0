"""Find and read the tables of a dataset as text, with one error message per defect.

Every dataset that is a table is read here, so that Excel's byte order mark, a wrong encoding,
ragged rows, missing columns and invalid cells are handled in one place.
"""

import csv
import io
import warnings
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import pandas as pd

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.text import shorten

SHOWN = 5  # invalid values listed in one message, next to their total count


def find_in(root: Path, names: Sequence[str], exists: Callable[[Path], bool], hint: str) -> Path:
    """The first of these files or folders that is in the root of a dataset.

    Args:
        root: folder of the dataset.
        names: in order of precedence.
        exists: `Path.is_file` or `Path.is_dir`.
        hint: of the error.

    Raises:
        UserError: none of them exists.
    """
    found = next((root / name for name in names if exists(root / name)), None)
    if found is None:
        raise UserError(f"has no {' or '.join(names)}", hint, file=root, key="data.root")
    return found


def read_text(path: Path, hint: str) -> str:
    """The text of a file, UTF-8 or UTF-16 with its mark.

    Raises:
        UserError: the file is missing, with this hint, or cannot be read.
    """
    with files.explaining_failed_reads(path, hint):
        return files.read_text(path)


def read_text_table(
    table: Path, when_missing: str, only: Collection[str] | None = None
) -> pd.DataFrame:
    """Read every cell as text; spaces around headings and cells are removed, empty cells are "".

    The separator is a comma, a semicolon or a tab; the encoding UTF-8, or UTF-16 with its mark, as
    spreadsheet programs write.

    Args:
        table: the file.
        when_missing: hint for a file that is missing or cannot be opened.
        only: headings to keep; other columns are not loaded.

    Raises:
        UserError: the file is missing, cannot be opened or is malformed, or a column is repeated.
    """
    text = read_text(table, when_missing)
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
    # The errors of pandas are ValueErrors, its warnings are not.
    except (ValueError, csv.Error, pd.errors.ParserWarning) as error:
        problem = f"is not a comma-separated UTF-8 table ({str(error).strip()})"
        raise UserError(problem, "save it as CSV UTF-8", file=table) from None
    repeated = sorted({name for name in headings if headings.count(name) > 1 and name})
    if repeated:
        problem = f"has more than one column {', '.join(repeated)}"
        raise UserError(problem, "keep one of each", file=table)
    rows = rows.rename(columns=lambda heading: str(heading).strip())
    return rows.fillna("").apply(lambda column: column.str.strip())


def _read_header(text: str) -> tuple[str, list[str]]:
    """The separator and the headings: commas, or what separates more headings than commas do."""
    line = text.lstrip("\r\n")
    headings = {mark: next(csv.reader(io.StringIO(line), delimiter=mark), []) for mark in ",;\t"}
    separator = max(headings, key=lambda mark: len(headings[mark]))  # the first of equal ones
    return separator, [heading.strip() for heading in headings[separator]]


def require_columns(rows: pd.DataFrame, required: Collection[str], table: Path, hint: str) -> None:
    """Raise a UserError with this hint if columns are missing."""
    missing = [column for column in required if column not in rows]
    if missing:
        problem = f"lacks the column(s) {', '.join(missing)}; it has {', '.join(rows.columns)}"
        raise UserError(problem, hint, file=table)


def refuse_cells(invalid: pd.Series, problem: str, table: Path, hint: str) -> None:
    """Raise a UserError with the number, this problem and the first of invalid cells, if any."""
    if len(invalid):
        shown = describe_cells(invalid)
        raise UserError(f"has {len(invalid)} {problem}: {shown}", hint, file=table)


def name_codes(codes: pd.Series, words: Sequence[str], first: int = 0) -> pd.Series:
    """Replace the codes `first`, `first` + 1, ... by the words; other codes are kept.

    Args:
        codes: text.
        words: of the dataset, in the order of their codes.
        first: code of the first word.
    """
    return codes.replace({str(code): word for code, word in enumerate(words, start=first)})


def describe_cells(cells: pd.Series) -> str:
    """The first invalid cells, each with its line in the file (the header is line 1)."""
    first = cells.head(SHOWN)
    numbered = first.set_axis(first.index + 2).items()
    shown = [f"{shorten(repr(value))} (line {line})" for line, value in numbered]
    return ", ".join(shown) + (", ..." if len(cells) > SHOWN else "")
