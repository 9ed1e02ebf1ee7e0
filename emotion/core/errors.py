"""The one exception for mistakes that a user can fix."""

from emotion.core.text import message_of


class UserError(ValueError):
    """A mistake in the data, the parameters or the environment.

    The message is complete: it names the file or the key, the value, what is allowed, and the fix.
    Commands print it without a traceback and exit with a non-zero status; an error in our own code
    keeps its traceback. Hidden characters are written out, and very long words are cut.
    """

    def __init__(self, message: str):
        super().__init__(message_of(message))
