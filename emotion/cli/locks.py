"""Read dvc.lock: the hashes of outputs, the order of stages, and the parameters they used."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from emotion.core.errors import UserError

PIPELINE, LOCK, PARAMS = "dvc.yaml", "dvc.lock", "params.yaml"
IDENTICAL, TIMES, ARITHMETIC, DIFFERENT = "identical", "timed", "arithmetic", "DIFFERENT"
# The first stages that compute with a network. Their last bits, and those of all later stages, are
# specific to a kind of machine.
NETWORK_STAGES = ("sanity_checks", "train")

Lock = dict[str, dict[str, Any]]  # stages of dvc.lock by name


@dataclass(frozen=True)
class Output:
    """An output of the pipeline, and the result of its comparison."""

    stage: str
    path: str
    result: str  # IDENTICAL, TIMES, ARITHMETIC or DIFFERENT


def parse_lock(text: str) -> Lock:
    """The stages of a dvc.lock.

    Raises:
        UserError: it is damaged.
    """
    try:
        stages: Lock = yaml.safe_load(text)["stages"]
    except (yaml.YAMLError, KeyError, TypeError):
        hint = "run `dvc repro` and commit it"
        raise UserError("is not a lock of DVC", hint, file=LOCK) from None
    return stages


def outputs_of(stage: dict[str, Any]) -> dict[str, str]:
    """The hashes of a stage's outputs, by path."""
    return {out["path"]: out.get("md5", "") for out in stage.get("outs", [])}


def read_labels(pipeline: Path) -> dict[str, list[str]]:
    """The labels of the outputs in a dvc.yaml that have settings, by path."""
    stages = yaml.safe_load(pipeline.read_text(encoding="utf-8"))["stages"]
    entries = [out for stage in stages.values() for out in stage.get("outs", [])]
    return {
        path: (settings or {}).get("labels", [])
        for entry in entries
        if isinstance(entry, dict)
        for path, settings in entry.items()
    }


def compare_locks(
    committed: Lock, made: Lock, timed: Collection[str], inexact: Collection[str]
) -> Iterator[Output]:
    """Compare the hashes of all outputs of the stages that ran.

    Args:
        committed: the lock of the commit.
        made: the lock of the stages that ran again.
        timed: outputs that may differ, because they hold times or the name of the machine.
        inexact: stages whose outputs may differ, because they ran on another kind of machine.
    """
    for stage in sorted(made, key=list(committed | made).index):
        theirs, ours = (outputs_of(lock.get(stage, {})) for lock in (committed, made))
        for path in sorted(theirs.keys() | ours.keys()):
            if theirs.get(path) == ours.get(path):
                result = IDENTICAL
            elif path not in theirs or path not in ours:
                result = DIFFERENT
            elif path in timed:
                result = TIMES
            else:
                result = ARITHMETIC if stage in inexact else DIFFERENT
            yield Output(stage, path, result)


def machine_dependent(lock: Lock) -> set[str]:
    """The stages that compute with a network, and all that come after one."""
    return {stage for stage in lock if upstream(lock, stage) & set(NETWORK_STAGES)}


def upstream(lock: Lock, stage: str) -> set[str]:
    """A stage, and all stages whose outputs it depends on, directly or not."""
    found: set[str] = set()
    waiting = [stage]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            needed = [Path(dependency["path"]) for dependency in lock[name].get("deps", [])]
            waiting += [other for other in lock if _makes(lock[other], needed)]
    return found


def params_before(lock: Lock, stage: str) -> dict[str, Any]:
    """The parameters that a stage and those before it used, as `train.augment.erase: 0.25`."""
    params: dict[str, Any] = {}
    for name in upstream(lock, stage):
        params |= _flatten("", lock[name].get("params", {}).get(PARAMS, {}))
    return dict(sorted(params.items()))


def _makes(stage: dict[str, Any], needed: list[Path]) -> bool:
    """Whether a stage makes one of these paths, a folder around it, or something inside it."""
    return any(
        out == path or out in path.parents or path in out.parents
        for out in map(Path, outputs_of(stage))
        for path in needed
    )


def _flatten(prefix: str, values: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        flat |= _flatten(f"{name}.", value) if isinstance(value, dict) else {name: value}
    return flat
