"""Clone the last commit into a temporary folder, and run its pipeline there.

Data that is neither in Git nor made by a stage, such as the user's own images, is linked from this
repository. Nothing in this repository is changed.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emotion.cli.locks import LOCK, Lock, outputs_of, parse_lock
from emotion.core.errors import UserError

_CONFIG = "[core]\n    analytics = false\n[cache]\n    dir = {cache}\n"


@contextmanager
def cloned_commit(cache: str = "cache") -> Iterator[tuple[Path, Lock]]:
    """Yield a clone of the last commit, deleted afterwards, and the dvc.lock of that commit.

    Args:
        cache: of DVC, which takes precedence over the user's settings; a relative path is inside
            the clone, and the default an empty cache there.

    Raises:
        UserError: there is no repository, or its last commit has no valid dvc.lock.
    """
    root = Path(git("rev-parse", "--show-toplevel", hint="run in a clone of the repository"))
    lock = parse_lock(git("show", f"HEAD:{LOCK}", hint="commit it after `dvc repro`"))
    if git("status", "--porcelain", "--untracked-files=no"):
        print("note: uncommitted changes are not used; the last commit is", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="emotion-clone-") as folder:
        clone = Path(folder) / root.name
        git("clone", "--quiet", str(root), str(clone))
        (clone / ".dvc/config.local").write_text(_CONFIG.format(cache=cache), encoding="utf-8")
        _link_data(lock, root, clone)
        yield clone, lock


def run_pipeline(clone: Path, stage: str | None) -> None:
    """`dvc repro` with this interpreter; its output is shown.

    Args:
        clone: the repository.
        stage: the last one to run; None for all.

    Raises:
        UserError: a stage fails.
    """
    paths = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    environment = os.environ | {"PATH": paths}
    command = [sys.executable, "-m", "dvc", "repro", *([stage] if stage else [])]
    status = subprocess.run(command, cwd=clone, env=environment, check=False).returncode
    if status:
        problem = f"`dvc repro` failed in the clone (exit status {status})"
        raise UserError(problem, "correct the error of the stage above, and commit")


def read_committed_json(path: str) -> dict[str, Any]:
    """A JSON object in the last commit; an empty one if there is none that can be read."""
    try:
        content = json.loads(git("show", f"HEAD:{path}"))
    except (UserError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def git(*arguments: str, hint: str = "run it by hand") -> str:
    """What a command of git prints.

    Raises:
        UserError: it fails.
    """
    result = subprocess.run(["git", *arguments], capture_output=True, encoding="utf-8", check=False)
    if result.returncode:
        reason = " ".join(result.stderr.split())
        raise UserError(f"`git {' '.join(arguments)}` failed ({reason})", hint)
    return result.stdout.strip()


def _link_data(lock: Lock, root: Path, clone: Path) -> None:
    """Link the dependencies that no stage makes and Git does not have."""
    made = {Path(path) for stage in lock.values() for path in outputs_of(stage)}
    for stage in lock.values():
        for path in (dependency["path"] for dependency in stage.get("deps", [])):
            if made & {Path(path), *Path(path).parents} or not (root / path).exists():
                continue
            inside = _ignored_in(root, path) if (clone / path).exists() else [path]
            for name in inside:
                here, there = root / name, clone / name
                if not there.exists():
                    there.parent.mkdir(parents=True, exist_ok=True)
                    there.symlink_to(here.resolve())


def _ignored_in(root: Path, folder: str) -> list[str]:
    """Files of a folder that Git ignores, such as the user's weights; without compiled code."""
    options = ("--others", "--ignored", "--exclude-standard", "--directory", "-z")
    found = git("-C", str(root), "ls-files", *options, "--", folder).split("\0")
    return [name for name in found if name and "__pycache__" not in name]
