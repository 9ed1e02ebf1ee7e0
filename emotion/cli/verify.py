"""Run the committed pipeline again from nothing, and compare every output with dvc.lock.

    emotion verify                  the whole pipeline
    emotion verify --stage train    up to one stage
    python -m emotion.cli.verify        the same

The last commit is cloned into a temporary folder with an empty cache. Data that is neither in Git
nor made by a stage is linked from here. Exit status: 0 all outputs are the same, 1 some differ, 2
the pipeline cannot be run.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from emotion.cli.commands import run_command
from emotion.core.errors import UserError
from emotion.core.machine import describe_machine

PIPELINE, LOCK = "dvc.yaml", "dvc.lock"
TIMED, MACHINE = "timed", "machine"  # labels of outputs in dvc.yaml
IDENTICAL, TIMES, DIFFERENT = "identical", "timed", "DIFFERENT"

Lock = dict[str, dict[str, Any]]  # stages of dvc.lock by name


@dataclass(frozen=True)
class Output:
    """One output, compared."""

    stage: str
    path: str
    result: str  # IDENTICAL, TIMES or DIFFERENT


def verify(stage: str | None) -> tuple[list[Output], str]:
    """Run the pipeline in a clone of the last commit.

    Args:
        stage: the last one to run; None for all.

    Returns:
        The outputs of the stages that ran, and the machines of both runs as text.

    Raises:
        UserError: there is no repository or lock, no such stage, or a stage fails.
    """
    root = Path(_git("rev-parse", "--show-toplevel", cure="run in a clone of the repository"))
    committed = _parse_lock(_git("show", f"HEAD:{LOCK}", cure="commit it after `dvc repro`"))
    if stage is not None and stage not in committed:
        raise UserError(f"{LOCK} has no stage {stage!r}; its stages are {', '.join(committed)}.")
    if _git("status", "--porcelain", "--untracked-files=no"):
        print("note: uncommitted changes are not verified; the last commit is", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="emotion-verify-") as folder:
        clone = Path(folder) / root.name
        _git("clone", "--quiet", str(root), str(clone))
        _isolate(clone)
        _link_data(committed, root, clone)
        _run_pipeline(clone, stage)
        made = _parse_lock((clone / LOCK).read_text(encoding="utf-8"))
        labels = _read_labels(clone / PIPELINE)
        timed = {path for path in labels if TIMED in labels[path]}
        stages = _stages_up_to(committed, stage)
        outputs = list(compare_locks(committed, made, stages, timed))
        machine = next((path for path in labels if MACHINE in labels[path]), None)
        return outputs, _describe_machines(machine)


def compare_locks(
    committed: Lock, made: Lock, stages: list[str], timed: set[str]
) -> Iterator[Output]:
    """Compare the hashes of all outputs of some stages.

    Args:
        committed: the lock of the commit.
        made: the lock after running it again.
        stages: those that ran.
        timed: outputs that may differ, because they hold times or the name of the machine.
    """
    for stage in stages:
        theirs, ours = (_hashes(lock.get(stage, {})) for lock in (committed, made))
        for path in sorted(theirs.keys() | ours.keys()):
            if theirs.get(path) == ours.get(path):
                result = IDENTICAL
            else:
                result = TIMES if path in timed else DIFFERENT
            yield Output(stage, path, result)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="emotion verify",
        description="Run the committed pipeline again from nothing and compare its outputs.",
    )
    parser.add_argument("--stage", help="run up to this stage (default: all)")
    options = parser.parse_args(arguments)
    try:
        outputs, machines = verify(options.stage)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    different = [output for output in outputs if output.result == DIFFERENT]
    width = max(len(output.path) for output in outputs)
    print()
    for output in outputs:
        print(f"{output.stage:<18}  {output.path:<{width}}  {output.result}")
    print(f"\n{machines}\n")
    if different:
        print(f"{len(different):,} of {len(outputs):,} outputs differ from {LOCK}")
    else:
        print(f"all {len(outputs):,} outputs are those of {LOCK}, except for times")
    return int(bool(different))


def _git(*arguments: str, cure: str = "run it by hand") -> str:
    result = subprocess.run(["git", *arguments], capture_output=True, encoding="utf-8", check=False)
    if result.returncode:
        reason = " ".join(result.stderr.split())
        raise UserError(f"`git {' '.join(arguments)}` failed ({reason}); {cure}.")
    return result.stdout.strip()


def _parse_lock(text: str) -> Lock:
    try:
        stages: Lock = yaml.safe_load(text)["stages"]
    except (yaml.YAMLError, KeyError, TypeError):
        raise UserError(f"{LOCK} is not a lock of DVC; run `dvc repro` and commit it.") from None
    return stages


def _hashes(stage: dict[str, Any]) -> dict[str, str]:
    return {out["path"]: out.get("md5", "") for out in stage.get("outs", [])}


def _read_labels(pipeline: Path) -> dict[str, list[str]]:
    """The labels of each output that has some."""
    stages = yaml.safe_load(pipeline.read_text(encoding="utf-8"))["stages"]
    entries = [out for stage in stages.values() for out in stage.get("outs", [])]
    return {
        path: (settings or {}).get("labels", [])
        for entry in entries
        if isinstance(entry, dict)
        for path, settings in entry.items()
    }


def _stages_up_to(lock: Lock, last: str | None) -> list[str]:
    """The stages that `last` needs, itself included, in the order of the lock; all without it."""
    made_by = {path: stage for stage in lock for path in _hashes(lock[stage])}
    needed, waiting = set(), [last] if last else list(lock)
    while waiting:
        stage = waiting.pop()
        needed.add(stage)
        for dependency in lock[stage].get("deps", []):
            maker = _maker(dependency["path"], made_by)
            if maker and maker not in needed:
                waiting.append(maker)
    return [stage for stage in lock if stage in needed]


def _maker(path: str, made_by: dict[str, str]) -> str | None:
    """The stage that makes a path, or the folder that it is in."""
    parents = map(Path.as_posix, (Path(path), *Path(path).parents))
    return next((made_by[parent] for parent in parents if parent in made_by), None)


def _isolate(clone: Path) -> None:
    """Give the clone its own empty cache, whatever the user's global settings of DVC say."""
    settings = "[core]\n    analytics = false\n[cache]\n    dir = cache\n"
    (clone / ".dvc/config.local").write_text(settings, encoding="utf-8")


def _link_data(lock: Lock, root: Path, clone: Path) -> None:
    """Link what stages read although no stage makes it and Git does not have it."""
    made_by = {path: stage for stage in lock for path in _hashes(lock[stage])}
    for stage in lock.values():
        for path in (dependency["path"] for dependency in stage.get("deps", [])):
            if _maker(path, made_by) or not (root / path).exists():
                continue
            inside = _ignored_in(root, path) if (clone / path).exists() else [path]
            for name in inside:
                here, there = root / name, clone / name
                if not there.exists():
                    there.parent.mkdir(parents=True, exist_ok=True)
                    there.symlink_to(here.resolve())


def _ignored_in(root: Path, folder: str) -> list[str]:
    """What Git ignores in a folder, such as the user's weights files; no compiled code."""
    options = ("--others", "--ignored", "--exclude-standard", "--directory", "-z")
    found = _git("-C", str(root), "ls-files", *options, "--", folder).split("\0")
    return [name for name in found if name and "__pycache__" not in name]


def _run_pipeline(clone: Path, stage: str | None) -> None:
    """`dvc repro` with this interpreter; its output is shown."""
    environment = dict(os.environ)
    environment["PATH"] = (
        f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', os.defpath)}"
    )
    command = [sys.executable, "-m", "dvc", "repro", *([stage] if stage else [])]
    status = subprocess.run(command, cwd=clone, env=environment, check=False).returncode
    if status:
        raise UserError(f"`dvc repro` failed in the clone (exit status {status}), see above.")


def _describe_machines(committed: str | None) -> str:
    """This machine, and that of the commit, which an output in Git describes."""
    here = ", ".join(f"{key} {value}" for key, value in describe_machine().items())
    try:
        content = json.loads(_git("show", f"HEAD:{committed}"))
        there = ", ".join(f"{key} {value}" for key, value in content.items())
    except (UserError, ValueError, AttributeError):  # the comparison does not need it
        there = "unknown"
    return f"this machine:   {here}\ncommitted run:  {there}"


if __name__ == "__main__":
    sys.exit(run_command(main, sys.argv[1:]))
