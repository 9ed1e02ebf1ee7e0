"""Text that comes from users, such as a file name or a class name, for a terminal, a table, a file.

Such text may have control characters, which a terminal would execute; slashes, which would name
another folder; or millions of characters. Everything that shows or stores it calls these functions.
"""

import hashlib
import re
import unicodedata

_LONGEST_WORD = 240  # characters; longer ones are cut in messages, where they hide the sentence
_LONGEST_MESSAGE = 4000
_LONGEST_NAME = 60  # bytes of a file name, of the 255 that file systems have
# Control characters, invisible ones that turn the direction of writing, lone surrogates, line ends.
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"  # also in category Cf, but a part of Persian words and of emoji
# Where a spreadsheet takes text for a formula: at the start of a cell, and after what it may take
# for the end of one. Full-width signs count in Japanese and Chinese versions.
_FORMULA = re.compile(r"(\A|[;\t\r\n])(\s*)(?=[=+\-@＝＋－＠])")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def printable(text: str) -> str:
    r"""The text in one line, its hidden characters written out: \n, \x1b."""
    return text if text.isascii() and text.isprintable() else "".join(map(_shown, text))


def shorten(text: str, length: int = 80) -> str:
    """The text, its middle replaced by the number of characters left out if it is too long."""
    if len(text) <= length:
        return text
    ends = length // 2
    return f"{text[:ends]} ... [{len(text) - 2 * ends:,} characters] ... {text[-ends:]}"


def message_of(text: str) -> str:
    """A printable message of bounded length, whatever was inserted into it."""
    words = re.sub(rf"\S{{{_LONGEST_WORD},}}", lambda match: shorten(match[0]), text)
    return "\n".join(map(printable, shorten(words, _LONGEST_MESSAGE).split("\n")))


def counted(number: int, noun: str) -> str:
    """The number with its noun, which gets an s in the plural."""
    return f"{number:,} {noun}{'s' if number != 1 else ''}"


def file_name_of(text: str) -> str:
    """A file name without suffix that no other text has: `fear/awe` is `fear_awe-` and a hash.

    Letters and digits of any language are kept, so an ordinary class name is its own file name.
    """
    name = re.sub(r"[^\w-]", "_", text)
    name = name.encode()[:_LONGEST_NAME].decode(errors="ignore")
    if name and name == text:
        return name
    return f"{name}-{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()[:8]}"


def cell_of(text: str) -> str:
    """The text for a cell of a spreadsheet: an apostrophe before what would be a formula."""
    return text if _NUMBER.fullmatch(text) else _FORMULA.sub(r"\1'\2", text)


def _shown(character: str) -> str:
    if character in _JOINERS or unicodedata.category(character) not in _HIDDEN:
        return character
    return character.encode("unicode_escape").decode()
