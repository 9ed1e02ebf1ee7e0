"""Compare identifiers (subjects, labels, splits, headings) by what they mean, not as spelled.

Tables that went through pandas, a spreadsheet or a Mac have the same person as `7`, `7.0` and
`007`, or as `José` in composed and in decomposed form. Two spellings of one person would be two
people, who could be in two splits. Therefore identifiers are compared by a key, which may join
different people, but never separates spellings of one.
"""

import re
import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # predictions compare class names, and do without pandas
    import pandas as pd

# What tables have in place of a value, as keys: written by pandas, R, SQL, spreadsheets and people.
MISSING = {
    *("", "-", "--", "---", ".", "?", "-1", "missing", "none", "null", "undefined", "unknown"),
    *("nan", "-nan", "<nan>", "nat", "na", "n/a", "n.a.", "#n/a", "#na", "<na>"),
}
_WHOLE = re.compile(r"([+-]?)0*(\d+?)(?:\.0+|,0{1,2})?")
_POWER = re.compile(r"\d(?:[.,]\d+)?e\+\d\d")  # of large numbers, in pandas and in spreadsheets


def identifier_key(text: str) -> str:
    """The same text for all spellings of one identifier.

    Not distinguished are upper and lower case; Unicode forms, widths and kinds of digits and
    dashes; invisible characters and kinds and numbers of blanks; and a whole number as it is, with
    zeros before it, or as a decimal number (`7`, `007`, `7.0`, `7,0`, `1e+16`).
    """
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    text = "".join(map(_plain, text))
    text = " ".join(unicodedata.normalize("NFKC", text).split())
    if _POWER.fullmatch(text):
        number = Decimal(text.replace(",", "."))
        return f"{number:.0f}" if number == number.to_integral_value() else text
    whole = _WHOLE.fullmatch(text)
    if not whole:
        return text
    sign, digits = whole.groups()
    return f"-{digits}" if sign == "-" and digits != "0" else digits


def is_missing(text: str) -> bool:
    """Whether a cell says that there is no value, such as `nan`, `None`, `n/a` or nothing."""
    return identifier_key(text) in MISSING


def merge_spellings(cells: "pd.Series") -> "pd.Series":
    """Write each identifier as the first, in alphabetical order, of its spellings in the cells."""
    spelling: dict[str, str] = {}
    written = {text: identifier_key(text) for text in sorted(cells.unique())}
    for text, key in written.items():
        spelling.setdefault(key, text)
    return cells.map({text: spelling[key] for text, key in written.items()})


def _plain(character: str) -> str:
    """The character with one kind of digits and of dashes, and "" for an invisible one.

    Variation selectors, which choose the look of a symbol, are invisible too.
    """
    if character.isascii():
        return character
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    category = unicodedata.category(character)
    if category == "Pd" or character == "\N{MINUS SIGN}":
        return "-"
    return "" if category == "Cf" or "\ufe00" <= character <= "\ufe0f" else character
