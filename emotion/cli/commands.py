"""Run a command with its errors and exit status, and options that several commands have."""

import argparse
import errno
import io
import math
import os
import re
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

from emotion.core.errors import UserError
from emotion.core.text import printable, shorten

DEFAULT_MODEL = Path("models/model.onnx")
MODEL_KINDS = "an ONNX file, a checkpoint or a Hub folder"
# The extra of this package that installs another one, where it is not `train`.
EXTRAS = {"cv2": "video", "fastapi": "serve", "uvicorn": "serve"}
# Python also reads 1_000, nan and digits of other scripts.
_DECIMAL = re.compile(r"\+?(\d{1,20}\.?\d{0,20}|\.\d{1,20})(e[+-]?\d{1,3})?", re.I | re.ASCII)
CLOSED_PIPE, INTERRUPTED = 141, 130  # as shells report them
FAILED = 2  # after a crash too: 1, Python's own status, is a result of audit, verify and compare


def run_command(command: Callable[[list[str]], int], arguments: list[str]) -> int:
    """Run a command; an error of the user is one line on stderr, without a traceback.

    Args:
        command: takes the arguments and returns the exit status; may raise UserError.
        arguments: of the command line.

    Returns:
        The exit status: that of the command, or FAILED, CLOSED_PIPE or INTERRUPTED.
    """
    if sys.stdout is None:  # a result would be lost without a word
        print("error: standard output is closed; send it to a file.", file=sys.stderr)
        return FAILED
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal may not have every character
            stream.reconfigure(errors="replace")
    # Pillow's warnings that matter are raised as UserError.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    try:
        return command(arguments)
    except BrokenPipeError:  # the reader, such as `head`, has closed its end
        _discard_output()
        return CLOSED_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if message := _explain(error):
            print(f"error: {message}", file=sys.stderr)
        else:
            traceback.print_exc()
        return FAILED


def add_model_option(parser: argparse.ArgumentParser) -> None:
    """Add --model, for the commands that use a trained model."""
    explained = f"{MODEL_KINDS} (default: %(default)s)"
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL, help=explained)


def positive_number(text: str) -> float:
    """Parse the value of an option; argparse reports the errors."""
    if not (_DECIMAL.fullmatch(text) and 0 < float(text) < math.inf):
        raise argparse.ArgumentTypeError(f"it is {shorten(text)!r}; give a number above 0")
    return float(text)


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """A parser for options that are whole numbers in low..high; argparse reports the errors."""

    def check(text: str) -> int:
        is_number = text.isascii() and text.isdecimal() and len(text) <= 10
        if not (is_number and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(
                f"it is {shorten(text)!r}; give a number from {low} to {high}"
            )
        return int(text)

    return check


def _explain(error: Exception) -> str:
    """One line if the user can correct the cause; "" if the code is wrong."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, ModuleNotFoundError):
        extra = EXTRAS.get(error.name or "", "train")
        return f"{error.name} is not installed; run `pip install 'emotion-pipeline[{extra}]'`."
    if isinstance(error, ImportError) and not (error.name or "").startswith("emotion"):
        return f"{error}; install that package again, or the system library that it needs."
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.strerror} ({printable(str(error.filename))}); correct that and try again."
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        _discard_output()
        return "the output cannot be written: no space is left."
    return ""


def _discard_output() -> None:
    """Discard the buffer of stdout; Python would fail again when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
