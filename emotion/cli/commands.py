"""What all commands share: how they end, with a status and no traceback for a user's mistake."""

import argparse
import errno
import io
import math
import os
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

from emotion.core.text import printable

DEFAULT_MODEL = Path("models/model.onnx")
CLOSED_PIPE, INTERRUPTED = 141, 130  # as a shell reports them
FAILED = 2  # also after a crash: 1, Python's own status, is a verdict of audit, verify and compare


def run_command(command: Callable[[list[str]], int], arguments: list[str]) -> int:
    """Run a command line; returns its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal may not have every character
            stream.reconfigure(errors="replace")
    # What matters of Pillow's warnings (image size, odd metadata) is an error of ours.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    try:
        return command(arguments)
    except BrokenPipeError:  # the reader, such as `head`, has closed its end
        _discard_output()
        return CLOSED_PIPE
    except OSError as error:
        if error.filename is not None:
            reason = f"{error.strerror} ({printable(str(error.filename))})"
            print(f"error: {reason}; correct that and try again.", file=sys.stderr)
        elif error.errno == errno.ENOSPC:
            _discard_output()
            print("error: the output cannot be written: no space is left.", file=sys.stderr)
        else:
            traceback.print_exc()
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except ModuleNotFoundError as error:
        print(
            f"error: {error.name} is not installed; install the training dependencies: "
            "`pip install 'emotion-pipeline[train]'`.",
            file=sys.stderr,
        )
        return FAILED
    except Exception:
        traceback.print_exc()
        return FAILED


def add_model_option(parser: argparse.ArgumentParser) -> None:
    """Add --model, of the commands that use a trained model."""
    parser.add_argument(
        "--model",
        type=Path,
        default=DEFAULT_MODEL,
        help="an ONNX file, a checkpoint or a Hub folder (default: %(default)s)",
    )


def positive_number(text: str) -> float:
    """The type of an option; argparse reports the errors."""
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError("give a number above 0")
    return value


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """The type of an option with whole numbers of a range; argparse reports the errors."""

    def check(text: str) -> int:
        if not (text.isdecimal() and len(text) <= 10 and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(f"give a number from {low} to {high}")
        return int(text)

    return check


def _discard_output() -> None:
    """Send what is still buffered for stdout nowhere; Python would fail again when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
