"""Set values of params.yaml as `dvc exp run -S` does: comments and the form of DVC are kept."""

import io
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.params import check_params
from emotion.core.text import shorten

ABSENT = object()  # the present value of a key that the file does not have


@dataclass(frozen=True)
class Edit:
    """A file, and what is to be changed in it."""

    path: Path
    text: str  # of the whole file, afterwards
    changes: dict[str, tuple[Any, Any]]  # by dotted key: the present value, or ABSENT, and the new


def plan_edit(path: Path, values: Mapping[str, Any]) -> Edit:
    """Find what differs from `values`; nothing is written.

    Args:
        path: params.yaml.
        values: by key; a mapping holds keys of a section.

    Raises:
        UserError: the file cannot be read, is not YAML, has no settings, or has something else
            where `values` has a section.
    """
    with files.explaining_failed_reads(path, "run from the root of the repository"):
        text = files.read_text(path).replace("\r\n", "\n")
    yaml = YAML()
    yaml.default_flow_style = False  # as DVC sets it
    try:
        params = yaml.load(text)
    # The last three: a date that does not exist, a key that is a list, thousands of brackets.
    except (YAMLError, ValueError, TypeError, RecursionError) as error:
        reason = shorten(" ".join(str(error).split()), 300)
        raise UserError(f"is not valid YAML ({reason})", "correct it", file=path) from None
    if not isinstance(params, CommentedMap):
        hint = "`git checkout HEAD params.yaml` brings back those of the last commit"
        raise UserError("has no settings", hint, file=path)
    changes = dict(_set(params, values, "", path))
    stream = io.StringIO()
    yaml.dump(params, stream)
    return Edit(path, stream.getvalue(), changes)


def write_edit(edit: Edit, schemas: Mapping[Any, type], pipeline: Path) -> None:
    """Check the new file as the stage `check_params` does, and write it.

    Args:
        edit: of `plan_edit`.
        schemas: the settings of each section.
        pipeline: dvc.yaml.

    Raises:
        UserError: the new file would be refused, also for what the edit did not change, or cannot
            be written; the present file is kept.
    """
    target = edit.path.resolve()  # a symbolic link is kept
    with files.replacing(target) as temporary:
        temporary.write_bytes(edit.text.encode())
        shutil.copymode(target, temporary)
        with _named(edit.path, temporary):
            check_params(schemas, temporary, pipeline)


def refuse_uncommitted(path: Path) -> None:
    """Raise a UserError if Git cannot bring back the present values of the file."""
    target = path.resolve()
    command = ["git", "-C", str(target.parent), "--literal-pathspecs", "status", "--porcelain"]
    try:
        done = subprocess.run(
            [*command, "--ignored", "--", target.name],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        failure = " ".join(done.stderr.split()) if done.returncode else ""
    except OSError as error:
        failure = f"git: {error.strerror}"
    if failure:
        problem = f"cannot be compared with its last commit ({failure})"
        raise UserError(problem, "--force overwrites its values", file=path, key="--force")
    if done.stdout.startswith(("??", "!!")):
        hint = "commit it, or overwrite its values with --force"
        raise UserError("is not in Git", hint, file=path, key="--force")
    if done.stdout:
        raise UserError(
            "has changes that are not committed",
            "commit them, undo them with `git checkout HEAD params.yaml`, or overwrite its values "
            "with --force",
            file=path,
            key="--force",
        )


def _set(
    params: CommentedMap, values: Mapping[str, Any], prefix: str, path: Path
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Set the values that differ, and yield the key, the former and the new value of each."""
    for key, new in values.items():
        name, present = f"{prefix}{key}", params.get(key, ABSENT)
        if isinstance(new, Mapping):
            if present in (ABSENT, None):
                params[key] = present = CommentedMap()
            if not isinstance(present, CommentedMap):
                problem = f"has something else at {name}, which should be a mapping of keys"
                raise UserError(problem, "write its keys below it", file=path, key=name)
            yield from _set(present, new, f"{name}.", path)
        elif present != new or isinstance(present, bool) != isinstance(new, bool):
            yield name, (present, new)
            if present is ABSENT:
                params.insert(0, key, new)  # at the end, the comment on the next section precedes
            else:
                params[key] = new


@contextmanager
def _named(path: Path, temporary: Path) -> Iterator[None]:
    """Let an error of the temporary file name the file that it is to become."""
    try:
        yield
    except UserError as error:
        if error.file != temporary:
            raise
        problem = str(error).removeprefix(f"{temporary} ").removesuffix(f"; {error.hint}.")
        raise UserError(problem, error.hint, file=path, key=error.key) from None
