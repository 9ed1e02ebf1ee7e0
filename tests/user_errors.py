"""What a test asserts of a UserError: its fields and the values that it names, not its prose."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emotion.core.errors import UserError


@contextmanager
def user_error(
    *names: object, file: Path | str | None = None, key: str | None = None, hint: str = ""
) -> Iterator[pytest.ExceptionInfo[UserError]]:
    """A block that raises a UserError.

    Args:
        names: values that the message has as words of their own: a class, a number, a file.
        file: the file that the error names: its path, or the end of it.
        key: the setting or option that the error names.
        hint: what the hint has: a command, a setting.
    """
    with pytest.raises(UserError) as caught:
        yield caught
    error = caught.value
    assert error.hint, f"no hint: {error}"
    assert hint in error.hint, error.hint
    assert key is None or error.key == key, (error.key, key)
    assert file is None or Path(str(error.file)).as_posix().endswith(str(file)), (error.file, file)
    for name in names:
        assert re.search(rf"(?<!\w){re.escape(str(name))}(?!\w)", str(error)), (name, str(error))
