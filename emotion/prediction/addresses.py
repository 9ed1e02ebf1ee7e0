"""Recognize an address of the web, which is no path, and say how to download the file."""

import os
import re
import shlex

from emotion.core.errors import UserError

# Two letters or more, so that a drive of Windows is none. `Path` merges the two slashes.
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/+[^/]", re.IGNORECASE)
_FETCHED = ("http", "https", "ftp")  # by curl


def is_address(path: str | os.PathLike[str]) -> bool:
    """Whether it is an address, such as https://example.org/face.jpg, and not an existing path."""
    return bool(_ADDRESS.match(os.fspath(path))) and not os.path.lexists(path)


def address_error(path: str | os.PathLike[str], command: str = "") -> UserError:
    """The error for an address that was given as a file; it names the way to download it.

    Args:
        path: an address.
        command: that reads the file on standard input, if there is one.
    """
    scheme, rest = os.fspath(path).split(":", 1)
    address = f"{scheme}:{rest}" if rest.startswith("//") else f"{scheme}:/{rest}"
    hint = "download it first"
    if scheme.lower() == "file":
        hint = f"give the path alone: {shlex.quote('/' + rest.lstrip('/'))}"
    elif scheme.lower() in _FETCHED:
        quoted = shlex.quote(address)
        hint += f": `curl -s {quoted} | {command}`" if command else f": `curl -sO {quoted}`"
    return UserError("is an address", hint, file=address)
