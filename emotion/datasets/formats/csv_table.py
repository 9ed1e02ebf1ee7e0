"""Read a folder with a `labels.csv`: the layout that can contain the subject of each image.

The columns path and label are required; split, subject, synthetic, source and masks are
optional. Columns votes_<word> hold the number of annotators' votes for each word; with them, label
is optional too. Any other column is an attribute (skin tone, age, ...): it is kept as text and
becomes a slice in the evaluation. Paths of images and of masks are resolved by `resolve_path`.
Headings may be in capitals, and path and label may have one of the names in ALIASES. Subjects such
as `nan` and -1 count as unknown.
"""

import posixpath
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from emotion.core.errors import UserError
from emotion.core.text import printable
from emotion.data import manifest
from emotion.data.identifiers import identifier_key, is_missing
from emotion.datasets.formats.resolve_path import resolve_paths
from emotion.datasets.formats.tables import read_text_table, refuse_cells, require_columns
from emotion.datasets.formats.votes import PREFIX, parse_votes, vote_columns

REQUIRED = ("path", "label")
# Headings of other tools that mean one of ours; used only if the table does not have ours too.
ALIASES = {
    "path": ("filepath", "file_path", "file", "filename", "file_name", "image", "image_path"),
    "label": ("emotion", "expression", "class"),
}
OPTIONAL = ("split", "subject", "source", "synthetic")
FILLED_IN = set(manifest.COLUMNS) - {*REQUIRED, *OPTIONAL} | {
    *manifest.FACE_COLUMNS,
    *("attempts", "detail", "faces", "image_phash", "mode", "phash", "pixels", "problem"),
    "vote_problem",
}
_HINT = (
    "write it with columns path and label; for class folders without a table, set data.format to "
    "folder"
)
BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def read_csv_table(root: Path) -> pd.DataFrame:
    """Read `labels.csv`: one row per image, with the columns of `read_labeled_table`.

    Raises:
        UserError: as in `read_labeled_table`; or two rows name the same image, although an image
            has only one label.
    """
    table = root / "labels.csv"
    rows = read_labeled_table(table, root, _HINT)
    paths = rows["path"].map(posixpath.normpath)
    repeated = paths[paths.duplicated() & (rows["path"] != "")]
    refuse_cells(repeated, "paths that an earlier row has", table, "give each image one row")
    return rows


def read_labeled_table(
    table: Path, root: Path, when_missing: str, reserved: Collection[str] = FILLED_IN
) -> pd.DataFrame:
    """Read a table of paths and labels, one row per image.

    Rows whose image is missing, is outside the root or has no path are kept.

    Args:
        table: the CSV file.
        root: folder of the dataset.
        when_missing: hint for a table that is missing or cannot be opened.
        reserved: columns that the table may not have; none to read what the pipeline wrote.

    Returns:
        The columns of the package, the attributes, `votes_*` as integers, the masks that the table
        has, and `attempts`: the paths that were tried for a missing image or mask, or "".

    Raises:
        UserError: the file is missing or malformed, lacks or misuses a column, or has invalid
            booleans or votes.
    """
    rows = _rename_columns(read_text_table(table, when_missing), table)
    if vote_columns(rows) and "label" not in rows:
        rows = rows.assign(label="")
    require_columns(rows, REQUIRED, table, "name the columns path and label")
    taken = sorted(
        name
        for name in map(str, rows)
        if name in reserved or (reserved and name.startswith(manifest.SHARE))
    )
    if taken:
        problem = f"has the column(s) {', '.join(taken)}, which prepare_splits fills itself"
        raise UserError(problem, "rename or remove them", file=table)
    rows = rows.assign(**{column: "" for column in OPTIONAL if column not in rows})
    rows = rows.assign(
        subject=_blank_missing(rows["subject"], table),
        source=rows["source"].mask(rows["source"] == "", root.name),
        synthetic=_parse_booleans(rows["synthetic"], table),
    )
    rows = _resolve_masks(parse_votes(rows, table), table, root)
    found = resolve_paths(rows["path"], table, root)
    attempts = found["attempts"].mask(found["attempts"] == "", rows["attempts"])
    return rows.assign(path=found["path"], attempts=attempts)


def _rename_columns(rows: pd.DataFrame, table: Path) -> pd.DataFrame:
    """Give our columns their names, however spelled, and whatever one other name they have."""
    keys = {name: identifier_key(name) for name in map(str, rows)}
    votes = [name for name in keys if name.lower().startswith(PREFIX)]
    names = {name: PREFIX + name[len(PREFIX) :] for name in votes}
    if len(set(names.values())) < len(names):
        problem = f"has more than one column of votes for a word: {', '.join(votes)}"
        raise UserError(problem, "keep one of each", file=table)
    for ours in (*REQUIRED, *OPTIONAL, *manifest.MASKS):
        if ours in rows:
            continue
        words = {ours, *ALIASES.get(ours, ())}
        written = [name for name, key in keys.items() if key == ours]
        written = written or [name for name, key in keys.items() if key in words]
        if len(written) == 1:
            names[written[0]] = ours
    return rows.rename(columns=names)


def _blank_missing(subjects: pd.Series, table: Path) -> pd.Series:
    """Replace what stands for an unknown person by "": as a name, it would be one large group."""
    unknown = subjects.map({cell: is_missing(cell) for cell in subjects.unique()}).astype(bool)
    words = ", ".join(sorted({printable(cell) for cell in subjects[unknown] if cell}))
    if words:
        print(f"{table}: {(unknown & (subjects != '')).sum():,} subjects are unknown: {words}")
    return subjects.mask(unknown, "")


def _resolve_masks(rows: pd.DataFrame, table: Path, root: Path) -> pd.DataFrame:
    """Resolve masks like `path`; `attempts` lists the paths tried for the first missing one."""
    rows = rows.assign(attempts="")
    for column in filter(rows.columns.__contains__, manifest.MASKS):
        found = resolve_paths(rows[column], table, root)
        missing = (found["attempts"] != "") & (rows["attempts"] == "")
        attempts = rows["attempts"].mask(missing, found["attempts"] + f" (its {column} mask)")
        rows = rows.assign(**{column: found["path"], "attempts": attempts})
    return rows


def _parse_booleans(cells: pd.Series, table: Path) -> pd.Series:
    words = cells.map({cell: identifier_key(cell) for cell in cells.unique()})
    words = words.mask(cells == "", "false")
    invalid = cells[~words.isin(list(BOOLEANS))]
    hint = "write true or false, or leave the cell empty (false)"
    refuse_cells(invalid, "values of synthetic that are not true or false", table, hint)
    return words.map(BOOLEANS).astype(bool)
