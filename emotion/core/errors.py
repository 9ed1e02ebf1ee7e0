"""The one exception for mistakes that a user can fix."""

from pathlib import Path

from emotion.core.text import message_of


class UserError(ValueError):
    """A mistake in the data, the parameters or the environment.

    Commands print its message, "file problem; hint.", without a traceback and exit with a non-zero
    status; an error in our own code keeps its traceback. Hidden characters are written out, and
    very long words are cut.

    Args:
        problem: what is wrong: the key, its value, and what is allowed; of a file, the predicate.
        hint: what to do about it; empty where the problem is a part of a longer message.
        file: the file or folder that is wrong, with which the message begins.
        key: the setting of params.yaml or the option that is wrong; empty if there is none.
    """

    def __init__(
        self, problem: str, hint: str = "", *, file: Path | str | None = None, key: str = ""
    ):
        subject = "" if file is None else f"{file} "
        super().__init__(message_of(f"{subject}{problem}; {hint}." if hint else subject + problem))
        self.hint, self.file, self.key = hint, file, key
