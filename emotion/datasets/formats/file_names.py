"""File names that are not UTF-8, which no table can have."""

from collections.abc import Iterable

from emotion.core.errors import UserError


def is_encodable(text: str) -> bool:
    """Whether a text can be stored: it has no lone surrogate, as Python has for other bytes."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def refuse_unencodable(names: Iterable[str]) -> None:
    """Raise for file names that are not UTF-8.

    To be called before a Series is made of them, which is an error if pyarrow is installed.

    Raises:
        UserError: with the number and the first of them.
    """
    wrong = [name for name in names if not is_encodable(name)]
    if wrong:
        shown = ", ".join(map(repr, wrong[:3]))
        problem = f"{len(wrong):,} file names are not UTF-8, so no table can have them: {shown}"
        raise UserError(problem, "rename them (convmv renames many at once)")
