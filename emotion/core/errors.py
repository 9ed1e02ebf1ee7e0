"""The one exception for mistakes that a user can fix."""


class UserError(ValueError):
    """A mistake in the data, the parameters or the environment.

    The message is complete: it names the file or the key, the value, what is allowed, and the fix.
    Commands print it without a traceback and exit with a non-zero status; an error in our own code
    keeps its traceback.
    """
