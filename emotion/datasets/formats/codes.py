"""Name the codes of a dataset that numbers its labels, unless its numbers start elsewhere.

Copies of the public datasets circulate in which the codes begin at 0 instead of 1, or at 1 instead
of 0, as some program wanted them. Read as published, every label but one would be another class.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from emotion.core.errors import UserError
from emotion.data.identifiers import identifier_key
from emotion.data.labels import canonical_label

COLUMNS = ("code", "code_problem", "code_hint")
_WHOLE_SET = 6  # codes; a table of as many consecutive codes has all of its classes


def name_codes(cells: pd.Series, words: Sequence[str], table: Path, first: int = 0) -> pd.DataFrame:
    """Replace the codes `first`, `first` + 1, ... by words; other cells are kept.

    Args:
        cells: text; `3.0` is the code 3.
        words: of the dataset, in the order of their codes.
        table: file of the cells, for the message.
        first: code of the first word, 0 or 1.

    Returns:
        Text with the index of `cells`. `label`: the word, or the cell. `code`: the code in digits,
        or "". `code_problem` and `code_hint`: an error for `refuse_unnamed`, if the codes start at
        the other one of 0 and 1, else "". Then `label` is the code.
    """
    keys = cells.map({cell: identifier_key(cell) for cell in cells.unique()})
    code = keys.where(keys.map(_is_code).astype(bool), "")
    found = sorted({int(digits) for digits in code.unique() if digits})
    starts_elsewhere = _starts_elsewhere(found, first, first + len(words) - 1)
    names = {str(number): word for number, word in enumerate(words, start=first)}
    label = code if starts_elsewhere else code.map(names).fillna(cells)
    problem = hint = ""
    if starts_elsewhere:
        expected = ", ".join(f"{number} {word}" for number, word in names.items())
        problem = f"{table} has the label codes {found[0]} to {found[-1]}, instead of {expected}"
        in_order = zip(range(found[0], found[-1] + 1), words, strict=False)
        guess = [
            f"{number}: {meaning}"
            for number, word in in_order
            if (meaning := canonical_label(word))
        ]
        hint = (
            "write what the codes mean in data.labels; in the order above, it is "
            f"`labels: {{{', '.join(guess)}}}`"
        )
    label = label.mask(code == "", cells)
    return pd.DataFrame({"label": label, "code": code, "code_problem": problem, "code_hint": hint})


def refuse_unnamed(rows: pd.DataFrame, named: pd.Series) -> None:
    """Raise the error of `name_codes`, if any, unless the user has named codes.

    Codes without a name are then unknown labels.

    Args:
        rows: with COLUMNS.
        named: bool, whether data.labels has the code of the row.
    """
    wrong = rows["code_problem"] != ""
    if wrong.any() and not named.any():
        problem, hint = rows.loc[wrong, ["code_problem", "code_hint"]].iloc[0]
        raise UserError(problem, hint, key="data.labels")


def _is_code(key: str) -> bool:
    return key.isdecimal() and len(key) < 4


def _starts_elsewhere(found: Sequence[int], first: int, last: int) -> bool:
    if not found:
        return False
    if first == 1:
        return found[0] == 0 and last not in found
    if found[0] == 0:
        return False
    return found[-1] > last or found == [*range(1, max(_WHOLE_SET, len(found)) + 1)]
