"""Shared by all stages: reading settings, and reporting a user's mistake in one sentence."""

import sys
from collections.abc import Callable

from emotion.core.errors import UserError
from emotion.core.memory import keep_freed_memory
from emotion.core.params import ArithmeticParams, Settings, load_params
from stages import paths


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
    """Run a stage; print a UserError alone on stderr and exit with status 1."""
    keep_freed_memory()
    try:
        main()
    except UserError as error:
        sys.exit(f"\nerror: {error}")
    except KeyboardInterrupt:
        sys.exit("\nerror: interrupted; `dvc repro` starts this stage again.")
