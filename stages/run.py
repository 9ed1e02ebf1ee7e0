"""Shared by all stages: reading settings, and reporting a user's mistake in one sentence."""

import errno
import os
import sys
from collections.abc import Callable
from types import TracebackType

from emotion.core.errors import UserError
from emotion.core.memory import keep_freed_memory
from emotion.core.params import ArithmeticParams, Settings, load_params
from emotion.core.text import printable
from stages import paths

_INTERRUPTED = "interrupted; `dvc repro` starts this stage again."


def settings_of(
    schema: type[Settings], section: str | None = None, partial: bool = False
) -> Settings:
    """The settings in this repository's params.yaml; arguments as for `load_params`."""
    return load_params(schema, paths.PARAMS, paths.PIPELINE, section, partial)


def is_portable() -> bool:
    """Whether train.deterministic is `portable`; False if a stage will refuse params.yaml."""
    try:
        return settings_of(ArithmeticParams, "train", partial=True).deterministic == "portable"
    except UserError:
        return False


def run(main: Callable[[], None]) -> None:
    """Run a stage; print a UserError alone on stderr and exit with status 1.

    So is an OSError of a named file: most are a full disk or a lack of permission.
    """
    keep_freed_memory()
    try:
        main()
    except UserError as error:
        sys.exit(f"\nerror: {error}{_how_to_restore()}")
    except OSError as error:
        if error.errno == errno.ENOSPC:
            sys.exit("\nerror: the disk is full; free some space and run `dvc repro` again.")
        if error.filename is None:
            raise
        where = printable(str(error.filename))
        sys.exit(f"\nerror: {error.strerror} ({where}); correct that and run `dvc repro` again.")
    except UnicodeEncodeError as error:
        sys.exit(
            f"\nerror: the encoding of this system ({error.encoding}) has no "
            f"{printable(error.object[error.start : error.end])}; set LC_ALL=C.UTF-8."
        )
    except KeyboardInterrupt:
        sys.exit(f"\nerror: {_INTERRUPTED}")


def explain_interruption(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """A `sys.excepthook`: Ctrl-C while a stage is still importing has no traceback either."""
    if issubclass(kind, KeyboardInterrupt):
        print(f"\nerror: {_INTERRUPTED}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


def _how_to_restore() -> str:
    """Before it starts a stage, DVC deletes the outputs of the last run."""
    if os.environ.get("DVC_STAGE", "check_params") == "check_params" or not paths.LOCK.is_file():
        return ""
    return (
        "\n(DVC has removed the outputs of the last run; `dvc checkout` and `git checkout metrics` "
        "bring them back.)"
    )
