"""Shared by all stages: their code, their settings, and mistakes of users in one sentence."""

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from emotion.core.code_fingerprint import fingerprint, hash_sources
from emotion.core.errors import UserError
from emotion.core.memory import keep_freed_memory
from emotion.core.params import Settings, load_params
from emotion.core.text import printable
from stages import paths

# Modules of ours that these files import by name, as far as a stage runs that.
IMPORTED_BY_NAME = {
    Path("emotion/__init__.py"): (),  # the public names; stages import them from their modules
    Path("emotion/training/trackers.py"): (),  # packages of others
}
_INTERRUPTED = "interrupted; `dvc repro` starts this stage again."


def fingerprint_of(stage: str) -> str:
    """The content of data/code/<stage>.txt for the code as it is now."""
    return fingerprint(paths.STAGES / f"{stage}.py", IMPORTED_BY_NAME)


def sources() -> str:
    """The content of data/code/sources.txt for the code as it is now."""
    return hash_sources([paths.STAGES, paths.LIBRARY])


def settings_of(
    schema: type[Settings], section: str | None = None, partial: bool = False
) -> Settings:
    """The settings in this repository's params.yaml; arguments as for `load_params`."""
    return load_params(schema, paths.PARAMS, paths.PIPELINE, section, partial)


def run(main: Callable[[], None]) -> None:
    """Run a stage; print a UserError alone on stderr and exit with status 1.

    So is an OSError of a named file: most are a full disk or a lack of permission.
    """
    keep_freed_memory()
    try:
        _check_code()
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


def _check_code() -> None:
    """Refuse to run other code than DVC will record for this stage.

    That happens if code is edited while the pipeline runs, or if a stage runs without those before
    it (`--single-item`, `--downstream`).
    """
    stage = os.environ.get("DVC_STAGE", "code")
    if stage == "code" or paths.SOURCES.read_bytes() == sources().encode():
        return
    recorded = paths.CODE / f"{stage}.txt"
    if recorded.read_bytes() != fingerprint_of(stage).encode():
        hint = "run `dvc repro`, and not this stage alone"
        raise UserError("is of other code than stages/ and emotion/ have now", hint, file=recorded)


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
    loses_nothing = os.environ.get("DVC_STAGE", "code") in ("code", "check_params")
    if loses_nothing or not paths.LOCK.is_file():
        return ""
    return (
        "\n(DVC has removed the outputs of the last run; `dvc checkout` and `git checkout metrics` "
        "bring them back.)"
    )
