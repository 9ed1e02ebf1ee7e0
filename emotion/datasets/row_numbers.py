"""Leave out columns that only number the rows of a table: they say nothing about the faces.

pandas writes its row numbers into a first column without heading, and tables have indices and ids.
As an attribute, such a number would be cut into quartiles, compared between them, and, where the
rows are in the order of their classes, be the largest gap of the evaluation.
"""

import re

import pandas as pd

from emotion.core.text import printable
from emotion.data.identifiers import identifier_key
from emotion.data.manifest import attribute_columns
from emotion.datasets.formats.codes import COLUMNS as CODES
from emotion.datasets.formats.votes import PREFIX

_DIGITS = re.compile(r"[0-9]{1,18}")
# Headings of numbers that are all different; elsewhere, such numbers may be measurements.
INDICES = {"#", "id", "idx", "index", "no", "no.", "nr", "nr.", "number", "row"}
FEW = 12  # rows, in which an attribute may have the values 1, 2, 3, ...
MANY = 100  # rows; no property of faces is a whole number that occurs only once in as many


def drop_row_numbers(rows: pd.DataFrame) -> pd.DataFrame:
    """Drop such columns, and say so in one line.

    They are columns without heading, and columns of whole numbers, different in all rows of a
    split, that are named as an index, are consecutive from 0 or 1, or are more than MANY. Numbers
    with decimals and text are kept: text of many values is not sliced.

    Args:
        rows: as returned by the adapters, with `split`.
    """
    internal = {"attempts", "pixels", *CODES}
    names = [name for name in attribute_columns(rows) if name not in internal]
    headless = [name for name in names if name == "" or name.startswith("Unnamed: ")]
    numbering = [
        name
        for name in names
        if name not in headless
        and not name.startswith(PREFIX)
        and _numbers(name, rows[name], rows["split"])
    ]
    reasons = [f"{len(headless)} without a heading"] if headless else []
    reasons += [f"{printable(name)}, which numbers the rows" for name in numbering]
    if reasons:
        print(f"columns that are no attributes, and are left out: {'; '.join(reasons)}")
    return rows.drop(columns=headless + numbering)


def _numbers(name: str, cells: pd.Series, split: pd.Series) -> bool:
    if pd.DataFrame({"cells": cells, "split": split}).duplicated().any():
        return False
    keys = [identifier_key(cell) for cell in cells]
    if not all(_DIGITS.fullmatch(key) for key in keys):
        return False
    heading = identifier_key(name)
    numbers = sorted(map(int, keys))
    consecutive = numbers in ([*range(len(numbers))], [*range(1, len(numbers) + 1)])
    named = heading in INDICES or heading.endswith(("_id", " id", "_index"))
    return named or (consecutive and len(keys) > FEW) or len(keys) > MANY
