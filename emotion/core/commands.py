"""How every command of the package ends: an exit status, and no traceback for a user's mistake."""

import io
import os
import sys
from collections.abc import Callable

CLOSED_PIPE, INTERRUPTED, USAGE = 141, 130, 2  # as a shell reports them


def run_command(command: Callable[[list[str]], int], arguments: list[str]) -> int:
    """Run a command line; returns its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal may not have every character
            stream.reconfigure(errors="replace")
    try:
        return command(arguments)
    except BrokenPipeError:  # the reader, such as `head`, has closed its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED
    except ModuleNotFoundError as error:
        print(
            f"error: {error.name} is not installed; install the training dependencies: "
            "`pip install 'emotion-pipeline[train]'`.",
            file=sys.stderr,
        )
        return USAGE
