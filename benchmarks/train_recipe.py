"""Train a recipe in pieces of limited time, for a machine that is lent for minutes, such as a GPU.

Run     python -m benchmarks.train_recipe RECIPE ROOT WORKSPACE [--format F --seed N --minutes M]
Reads   ROOT, a dataset of the format F, csv unless another is named
Writes  WORKSPACE/, with the outputs of the stages up to export_onnx
Exit    0 all stages are finished; 75 the time is up: the same command goes on

A piece ends in the middle of a stage. `prepare_splits` then goes on after its last images, and
`train` after its last epoch, so a piece must be longer than an epoch; other stages start anew.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from time import monotonic

from benchmarks.stage_runs import (
    PREPARATION,
    TRAINING,
    change_params,
    open_workspace,
    stage_environment,
)
from emotion.cli.recipes import FILES, load_recipe

STAGES = (*PREPARATION, *TRAINING, "export_onnx")
FINISHED = ".finished"  # folder in WORKSPACE, with a file per finished stage
UNFINISHED = 75  # of sysexits.h: a temporary failure, try again


def main(arguments: list[str]) -> int:
    """Run the stages that are left; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", choices=FILES)
    parser.add_argument("root", type=Path)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--format", default="csv")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=9.0)
    args = parser.parse_args(arguments)
    end = monotonic() + 60 * args.minutes
    values = load_recipe(args.recipe).params
    data = {**values["data"], "root": str(args.root.resolve()), "format": args.format}
    changes = {**values, "data": data, "train": {**values["train"], "seed": args.seed}}
    open_workspace(args.workspace)
    change_params(args.workspace, changes)
    return 0 if run_stages(args.workspace, STAGES, end) else UNFINISHED


def run_stages(workspace: Path, stages: tuple[str, ...], end: float) -> bool:
    """Run what is not finished until a time of `monotonic`; whether all stages are finished.

    Raises:
        CalledProcessError: a stage failed, and has printed why.
    """
    finished = workspace / FINISHED
    finished.mkdir(exist_ok=True)
    for stage in stages:
        if (finished / stage).exists():
            continue
        command = [sys.executable, "-m", f"stages.{stage}"]
        try:
            subprocess.run(
                command,
                cwd=workspace,
                env=stage_environment(),
                check=True,
                timeout=max(0.0, end - monotonic()),
            )
        except subprocess.TimeoutExpired:
            print(f"the time is up in the stage {stage}: run this again")
            return False
        (finished / stage).touch()
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
