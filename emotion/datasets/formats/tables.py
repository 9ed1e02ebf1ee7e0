"""Find and read the tables of a dataset as text, with one error message per defect.

Every dataset that is a table is read here, so that Excel's byte order mark, a wrong encoding,
ragged rows, missing columns and invalid cells are handled in one place.
"""

import csv
import io
import re
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import pandas as pd

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.text import shorten

SHOWN = 5  # invalid values listed in one message, next to their total count
AS_CSV = "save the table as CSV UTF-8"
SEPARATORS = ",;\t|"
# Excel's own first line, which names the separator. Other programs quote it, or fill up the row.
_SEPARATOR_LINE = re.compile(r"\s*\"?sep=([^\w\r\n\"])\"?[,;\t|]*(?:\r\n?|\n|\Z)", re.IGNORECASE)
_BLANK_LINES = re.compile(r"(?: *[\r\n])*")
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+\Z")
_PACKED = (".zip", ".tar", ".tgz", ".gz", ".xz", ".bz2", ".7z", ".rar")


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
        hint = hint_if_packed(root, hint)
        raise UserError(f"has no {' or '.join(names)}", hint, file=root, key="data.root")
    return found


def hint_if_packed(folder: Path, otherwise: str) -> str:
    """The hint for a file that is not in a folder: to unpack the archives there, if it has any."""
    names = sorted(path.name for path in folder.glob("*") if path.suffix.lower() in _PACKED)
    return f"unpack {' or '.join(names[:3])} first" if names else otherwise


def read_text(path: Path, hint: str) -> str:
    """The text of a file, UTF-8 or UTF-16 with its mark.

    Raises:
        UserError: the file is missing, with this hint, or cannot be read, or is no text.
    """
    hint = hint if path.exists() else hint_if_packed(path.parent, hint)
    with files.explaining_failed_reads(path, hint):
        text = files.read_text(path, AS_CSV)
    if "\0" in text:
        raise UserError("is damaged, or is UTF-16 without its mark: it has NULs", AS_CSV, file=path)
    return text


def read_text_table(
    table: Path, when_missing: str, only: Collection[str] | None = None
) -> pd.DataFrame:
    """Read every cell as text; spaces around headings and cells are removed, empty cells are "".

    The separator is one of SEPARATORS, or what a first line such as `sep=;` names; the encoding
    UTF-8, or UTF-16 with its mark, as spreadsheet programs write. Empty rows are left out.

    Args:
        table: the file.
        when_missing: hint for a file that is missing or cannot be opened.
        only: headings to keep; other columns are not loaded.

    Raises:
        UserError: the file is missing, cannot be opened or is malformed, or a column is repeated.
    """
    text = read_text(table, when_missing)
    if text.lstrip().startswith(("{", "[")):
        raise UserError("is JSON", AS_CSV, file=table)
    try:
        body, separator = _split_off_separator_line(text)
        with warnings.catch_warnings():
            # Otherwise rows longer than the header lose their last cells with only a warning.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            headings = _read_headings(body, separator)
            rows = pd.read_csv(
                io.StringIO(body),
                sep=separator,
                dtype=str,
                keep_default_na=False,
                index_col=False,
                usecols=None if only is None else lambda heading: heading.strip() in only,
            )
    # The errors of pandas are ValueErrors, its warnings are not.
    except (ValueError, csv.Error, pd.errors.ParserWarning) as error:
        problem = f"is not a comma-separated UTF-8 table ({str(error).strip()})"
        raise UserError(problem, AS_CSV, file=table) from None
    repeated = sorted({name for name in headings if headings.count(name) > 1 and name})
    if repeated:
        problem = f"has more than one column {', '.join(repeated)}"
        raise UserError(problem, "keep one of each", file=table)
    rows = rows.rename(columns=lambda heading: str(heading).strip())
    rows = rows.fillna("").apply(lambda column: column.str.strip())
    return rows[(rows != "").any(axis=1)].reset_index(drop=True)


def _split_off_separator_line(text: str) -> tuple[str, str]:
    """The table from its headings on, and its separator.

    It is what separates the most headings; of equal ones the named one, else the comma.
    """
    named = _SEPARATOR_LINE.match(text)
    body = text[named.end() :] if named else text
    body = body[_BLANK_LINES.match(body).end() :]  # type: ignore[union-attr]  # it matches ""
    marks = (named[1] if named else "") + SEPARATORS
    return body, max(marks, key=lambda mark: len(_read_headings(body, mark)))


def _read_headings(body: str, separator: str) -> list[str]:
    reader = csv.reader(_lines_of(body), delimiter=separator)
    return [heading.strip() for heading in next(reader, [])]


def _lines_of(text: str) -> Iterator[str]:
    """The lines, without a copy of the text; str.splitlines also ends them at form feeds."""
    return (line[0] for line in _LINE.finditer(text))


def require_columns(rows: pd.DataFrame, required: Collection[str], table: Path, hint: str) -> None:
    """Raise a UserError with this hint if columns are missing."""
    missing = [column for column in required if column not in rows]
    if missing:
        has = f"; it has {shorten(', '.join(map(str, rows)), 400)}" if len(rows.columns) else ""
        problem = f"lacks the column(s) {', '.join(missing)}{has}"
        raise UserError(problem, hint, file=table)


def refuse_cells(invalid: pd.Series, problem: str, table: Path, hint: str) -> None:
    """Raise a UserError with the number, this problem and the first of invalid cells, if any."""
    if len(invalid):
        shown = describe_cells(invalid, table)
        raise UserError(f"has {len(invalid)} {problem}: {shown}", hint, file=table)


def describe_cells(cells: pd.Series, table: Path) -> str:
    """The first invalid cells, each with its line in the file; their index numbers the rows."""
    first = cells.head(SHOWN)
    lines = pd.Series(_lines_of_rows(table))[first.index]
    shown = [
        f"{shorten(repr(value))} (line {line})" for value, line in zip(first, lines, strict=True)
    ]
    return ", ".join(shown) + (", ..." if len(cells) > SHOWN else "")


def _lines_of_rows(table: Path) -> list[int]:
    """The line of the file in which each row below the header begins.

    For messages only: a cell may have line ends and rows may be empty, so the file is read again.
    """
    text = read_text(table, "")
    body, separator = _split_off_separator_line(text)
    above = sum(1 for _ in _lines_of(text[: len(text) - len(body)]))
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # pandas has no limit
    reader = csv.reader(_lines_of(body), delimiter=separator)
    lines, end = [], above
    for cells in reader:
        if any(cell.strip() for cell in cells):
            lines.append(end + 1)
        end = above + reader.line_num
    return lines[1:]
