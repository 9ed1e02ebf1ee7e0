"""The one exception for mistakes that a user can mend."""


class UserError(ValueError):
    """A mistake in the data, the parameters or the environment.

    The message is what the user reads, and all of it: it names the file or the key, the value,
    what is allowed, and the cure. Stages print it without a traceback and exit with status 1;
    an error in our own code keeps its traceback.
    """
