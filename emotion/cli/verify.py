"""Run the committed pipeline again from scratch, and compare every output with dvc.lock.

    emotion verify                  the whole pipeline
    emotion verify --stage train    up to one stage

The last commit is cloned into a temporary folder with an empty cache. Data that is neither in Git
nor made by a stage is linked from this repository. Exit status: 0 all outputs are the same, 1 some
differ, 2 the pipeline cannot be run.
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
    """An output of the pipeline, and the result of its comparison."""

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
    root = Path(_git("rev-parse", "--show-toplevel", hint="run in a clone of the repository"))
    committed = _parse_lock(_git("show", f"HEAD:{LOCK}", hint="commit it after `dvc repro`"))
    if stage is not None and stage not in committed:
        hint = f"give one of {', '.join(committed)}"
        raise UserError(f"has no stage {stage!r}", hint, file=LOCK, key="--stage")
    if _git("status", "--porcelain", "--untracked-files=no"):
        print("note: uncommitted changes are not verified; the last commit is", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="emotion-verify-") as folder:
        clone = Path(folder) / root.name
        _git("clone", "--quiet", str(root), str(clone))
        # An empty cache, which takes precedence over global settings of DVC.
        settings = "[core]\n    analytics = false\n[cache]\n    dir = cache\n"
        (clone / ".dvc/config.local").write_text(settings, encoding="utf-8")
        _link_data(committed, root, clone)
        (clone / LOCK).unlink()  # so that the new one has the stages that ran, and no others
        _run_pipeline(clone, stage)
        made = _parse_lock((clone / LOCK).read_text(encoding="utf-8"))
        labels = _read_labels(clone / PIPELINE)
        timed = {path for path in labels if TIMED in labels[path]}
        machine = next((path for path in labels if MACHINE in labels[path]), None)
        return list(compare_locks(committed, made, timed)), _describe_machines(machine)


def compare_locks(committed: Lock, made: Lock, timed: set[str]) -> Iterator[Output]:
    """Compare the hashes of all outputs of the stages that ran.

    Args:
        committed: the lock of the commit.
        made: the lock of the stages that ran again.
        timed: outputs that may differ, because they hold times or the name of the machine.
    """
    for stage in sorted(made, key=list(committed | made).index):
        theirs, ours = (_hashes(lock.get(stage, {})) for lock in (committed, made))
        for path in sorted(theirs.keys() | ours.keys()):
            changed = TIMES if path in timed else DIFFERENT
            yield Output(stage, path, IDENTICAL if theirs.get(path) == ours.get(path) else changed)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    description = "Run the committed pipeline again from scratch and compare its outputs."
    parser = argparse.ArgumentParser(prog="emotion verify", description=description)
    parser.add_argument("--stage", help="run up to this stage (default: all)")
    options = parser.parse_args(arguments)
    outputs, machines = verify(options.stage)
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


def _git(*arguments: str, hint: str = "run it by hand") -> str:
    result = subprocess.run(["git", *arguments], capture_output=True, encoding="utf-8", check=False)
    if result.returncode:
        reason = " ".join(result.stderr.split())
        raise UserError(f"`git {' '.join(arguments)}` failed ({reason})", hint)
    return result.stdout.strip()


def _parse_lock(text: str) -> Lock:
    try:
        stages: Lock = yaml.safe_load(text)["stages"]
    except (yaml.YAMLError, KeyError, TypeError):
        hint = "run `dvc repro` and commit it"
        raise UserError("is not a lock of DVC", hint, file=LOCK) from None
    return stages


def _hashes(stage: dict[str, Any]) -> dict[str, str]:
    return {out["path"]: out.get("md5", "") for out in stage.get("outs", [])}


def _read_labels(pipeline: Path) -> dict[str, list[str]]:
    """The labels of the outputs that have settings, by path."""
    stages = yaml.safe_load(pipeline.read_text(encoding="utf-8"))["stages"]
    entries = [out for stage in stages.values() for out in stage.get("outs", [])]
    return {
        path: (settings or {}).get("labels", [])
        for entry in entries
        if isinstance(entry, dict)
        for path, settings in entry.items()
    }


def _link_data(lock: Lock, root: Path, clone: Path) -> None:
    """Link the dependencies that no stage makes and Git does not have."""
    made = {Path(path) for stage in lock.values() for path in _hashes(stage)}
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
    found = _git("-C", str(root), "ls-files", *options, "--", folder).split("\0")
    return [name for name in found if name and "__pycache__" not in name]


def _run_pipeline(clone: Path, stage: str | None) -> None:
    """`dvc repro` with this interpreter; its output is shown."""
    paths = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    environment = os.environ | {"PATH": paths}
    command = [sys.executable, "-m", "dvc", "repro", *([stage] if stage else [])]
    status = subprocess.run(command, cwd=clone, env=environment, check=False).returncode
    if status:
        problem = f"`dvc repro` failed in the clone (exit status {status})"
        raise UserError(problem, "correct the error of the stage above, and commit")


def _describe_machines(committed: str | None) -> str:
    """This machine, and that of the committed run, described by an output in Git."""

    def describe(machine: dict[str, Any]) -> str:
        return ", ".join(f"{key} {value}" for key, value in machine.items())

    try:
        there = describe(json.loads(_git("show", f"HEAD:{committed}")))
    except (UserError, ValueError, AttributeError):  # optional for the comparison
        there = "unknown"
    return f"this machine:   {describe(describe_machine())}\ncommitted run:  {there}"


if __name__ == "__main__":
    sys.exit(run_command(main, sys.argv[1:]))
