"""Run the committed pipeline again from scratch, and compare every output with dvc.lock.

    emotion verify                  the whole pipeline
    emotion verify --stage train    up to one stage

The last commit is cloned into a temporary folder with an empty cache. On the kind of machine of
the committed run all outputs must be the same, except for those labeled `timed` in dvc.yaml. On
another kind, the stages that compute with a network, and those after them, may differ in their last
bits; the scores must then be such as another seed could have given. Exit status: 0 all is as it
must be, 1 something is not, 2 the pipeline cannot be run.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emotion.cli.clone import cloned_commit, read_committed_json, run_pipeline
from emotion.cli.commands import run_command
from emotion.cli.locks import (
    DIFFERENT,
    LOCK,
    PIPELINE,
    Lock,
    Output,
    compare_locks,
    machine_dependent,
    outputs_of,
    parse_lock,
    read_labels,
)
from emotion.cli.seeds import RECORD, SCORE, SCORED, SCORES, Scores, read_interval
from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.machine import describe_machine

TIMED, MACHINE = "timed", "machine"  # labels of outputs in dvc.yaml

Machine = dict[str, Any]  # of `describe_machine`, with what the stages add


@dataclass(frozen=True, kw_only=True)
class Verification:
    """A second run of the last commit, compared with the committed one."""

    outputs: list[Output]  # of the stages that ran
    here: Machine
    committed: Machine  # empty if unknown
    inexact: set[str]  # stages that may differ on this machine, and did run
    scores: Scores | None  # on another kind of machine, if the stage that scores ran

    @property
    def different(self) -> list[Output]:
        """The outputs that must be the same and are not."""
        return [output for output in self.outputs if output.result == DIFFERENT]


def verify(stage: str | None) -> Verification:
    """Run the pipeline in a clone of the last commit.

    Args:
        stage: the last one to run; None for all.

    Raises:
        UserError: there is no repository or lock, no such stage, or a stage fails.
    """
    with cloned_commit() as (clone, committed):
        if stage is not None and stage not in committed:
            hint = f"give one of {', '.join(committed)}"
            raise UserError(f"has no stage {stage!r}", hint, file=LOCK, key="--stage")
        (clone / LOCK).unlink()  # so that the new one has the stages that ran, and no others
        run_pipeline(clone, stage)
        made = parse_lock((clone / LOCK).read_text(encoding="utf-8"))
        labels = read_labels(clone / PIPELINE)
        timed = {path for path in labels if TIMED in labels[path]}
        machine = next((path for path in labels if MACHINE in labels[path]), "")
        here, there = _describe_machine(clone, made, machine), read_committed_json(machine)
        inexact = set() if is_same_kind(here, there) else machine_dependent(made)
        return Verification(
            outputs=list(compare_locks(committed, made, timed, inexact)),
            here=here,
            committed=there,
            inexact=inexact,
            scores=_read_scores(clone, committed) if SCORED in inexact else None,
        )


def is_same_kind(here: Machine, committed: Machine) -> bool:
    """Whether what is known of this machine is true of the other; an unknown one is the same."""
    return not committed or all(committed.get(key) == value for key, value in here.items())


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    description = "Run the committed pipeline again from scratch and compare its outputs."
    parser = argparse.ArgumentParser(prog="emotion verify", description=description)
    parser.add_argument("--stage", help="run up to this stage (default: all)")
    options = parser.parse_args(arguments)
    result = verify(options.stage)
    width = max(len(output.path) for output in result.outputs)
    print()
    for output in result.outputs:
        print(f"{output.stage:<18}  {output.path:<{width}}  {output.result}")
    print(f"\nthis machine:   {_format_machine(result.here)}")
    print(f"committed run:  {_format_machine(result.committed)}\n")
    print("\n".join(summarize(result)))
    return int(bool(result.different) or not (result.scores is None or result.scores.agree))


def summarize(result: Verification) -> list[str]:
    """What must be the same, whether it is, and whether the scores agree: a sentence each."""
    exact = [output for output in result.outputs if output.stage not in result.inexact]
    stages = list(dict.fromkeys(output.stage for output in result.outputs))
    lines = []
    if result.inexact:
        names = ", ".join(stage for stage in stages if stage in result.inexact)
        lines.append(f"another kind of machine: {names} may differ in the last bits")
    if result.different:
        count = f"{len(result.different):,} of {len(result.outputs):,}"
        lines.append(f"{count} outputs differ from {LOCK} and must not")
    elif result.inexact:
        names = ", ".join(stage for stage in stages if stage not in result.inexact)
        lines.append(f"all {len(exact):,} outputs of {names} are those of {LOCK}, as they must be")
    else:
        lines.append(f"all {len(exact):,} outputs are those of {LOCK}, except for times")
    return lines + ([str(result.scores)] if result.scores else [])


def _format_machine(machine: Machine) -> str:
    return ", ".join(f"{key} {value}" for key, value in machine.items()) or "unknown"


def _describe_machine(clone: Path, made: Lock, path: str) -> Machine:
    """This machine, by the output that describes it if that was made; it knows more."""
    was_made = any(path in outputs_of(stage) for stage in made.values())
    described = files.read_json(clone / path) if was_made else None
    return described if isinstance(described, dict) else describe_machine()


def _read_scores(clone: Path, committed: Lock) -> Scores:
    here = files.read_json(clone / SCORES)[SCORE]
    there = read_committed_json(SCORES).get(SCORE)
    return Scores(here, there, read_interval(read_committed_json(RECORD), committed))


if __name__ == "__main__":
    sys.exit(run_command(main, sys.argv[1:]))
