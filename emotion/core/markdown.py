"""Text that comes from users in Markdown: it is shown as it is, and does nothing.

A class name, a branch or a file name may have links, HTML, formulas, mentions of people or numbers
of issues. GitHub and the Hub read each of them differently, so all are escaped, everywhere.
"""

import re
from collections.abc import Iterable, Sequence

from emotion.core.text import printable

# Mentions and issue numbers are looked for in the rendered text, where an entity is a character
# like any other: only an invisible one between the sign and the name keeps them apart.
_APART = "&#8203;"  # zero-width space
_ESCAPES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    "$": "&#36;",  # formulas
    "\\": "&#92;",  # formulas of the Hub, \\( and \\)
    ":": "&#58;",  # addresses, emoji
    ".": "&#46;",  # of www.
    "@": f"@{_APART}",
    "#": f"#{_APART}",
}
_MARKUP = re.compile(
    r"""
    [`*\[\]|~&<>$\\@\#]
    | (?<![^\W_])_ | _(?![^\W_])  # not within a word, where it is no markup
    | :(?=\S)
    | (?<=www)\.
    | \A= | \A-(?=-) | \A[-+](?=\s|\Z)  # headings and lists, at the start of a line
    | (?:(?<=\A\d)|(?<=\A\d\d))[.)](?=\s|\Z)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_CODE = re.compile(r"[^`|\s]([^`|]*[^`|\s])?")


def escape(text: str) -> str:
    """The text as one line that Markdown shows as it is."""
    line = " ".join(printable(text).split())
    return _MARKUP.sub(lambda match: _ESCAPES.get(match[0], f"\\{match[0]}"), line)


def code(text: str) -> str:
    """The text in a fixed-width font; where that could end early, as ordinary text."""
    line = " ".join(printable(text).split())
    return f"`{line}`" if _CODE.fullmatch(line) else escape(line)


def bullets(items: Iterable[str]) -> str:
    """A list of texts, one line each."""
    return "\n".join(f"- {escape(item)}" for item in items)


def table(header: Sequence[str], rows: Iterable[Sequence[str]], numbers: bool = True) -> str:
    """A table of texts.

    Args:
        header: one text per column.
        rows: as many texts each.
        numbers: whether all columns but the first are aligned to the right.
    """
    alignment = ["---", *["---:" if numbers else "---"] * (len(header) - 1)]
    cells = [list(map(escape, header)), alignment, *(list(map(escape, row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)
