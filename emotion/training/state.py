"""The state of an interrupted run, so that `dvc repro` goes on where it stopped.

It lies outside the stage's outputs, which DVC deletes before a stage runs, and belongs to one set
of params, data, weights, code and machine: its fingerprint. Another fingerprint starts afresh, and
says what changed. A copy is taken between two epochs and written while the next one runs, since a
large network's state takes seconds to write. A file is replaced whole, so a kill at any moment
leaves the state of the last epoch whose writing had ended.
"""

import hashlib
import json
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor
from tqdm import tqdm

import emotion
from emotion.core import files
from emotion.models.checkpoint import library_versions

STATE_FILE = "state.pt"


class RunState:
    """Keeps one run's state in a folder of its own; use as a context manager.

    Args:
        folder: made when first needed.
        fingerprint: of `compute_fingerprint`.
    """

    def __init__(self, folder: Path, fingerprint: dict[str, str]):
        self.path, self.fingerprint = folder / STATE_FILE, fingerprint
        self.thread = ThreadPoolExecutor(max_workers=1)
        self.writing: Future | None = None

    def __enter__(self) -> "RunState":
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        self.thread.shutdown()
        if kind is None:
            self.wait()

    def load(self) -> dict[str, Any] | None:
        """What `save` kept, or None if there is nothing, or nothing of this run."""
        if not self.path.exists():
            return None
        try:
            saved = torch.load(self.path, weights_only=True, map_location="cpu")
        except Exception as error:  # torch.load names no common base class
            tqdm.write(f"train: {self.path} cannot be read ({error}); starting afresh")
            return None
        theirs = saved["fingerprint"]
        other = [name for name, value in self.fingerprint.items() if theirs.get(name) != value]
        if other:
            tqdm.write(
                f"train: the interrupted run in {self.path} had other {', '.join(other)}; "
                "starting afresh"
            )
            return None
        tqdm.write(f"train: going on after epoch {saved['epoch']}, from {self.path}")
        return saved

    def save(self, content: dict[str, Any]) -> None:
        """Replace the state by a copy of plain types and tensors, in the background.

        Raises:
            UserError: the disk was full when the state before this one was written.
        """
        self.wait()
        content = _copy({"fingerprint": self.fingerprint, **content})
        self.writing = self.thread.submit(self._write, content)

    def wait(self) -> None:
        """Wait until the last state is on the disk; raises what kept it from there."""
        if self.writing:
            self.writing.result()

    def _write(self, content: dict[str, Any]) -> None:
        with files.replacing(self.path) as temporary:
            torch.save(content, temporary)


def _copy(value: Any) -> Any:
    """The same on the CPU, sharing no memory."""
    if isinstance(value, Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, dict):
        return {name: _copy(each) for name, each in value.items()}
    return [_copy(each) for each in value] if isinstance(value, list) else value


def discard_state(folder: Path) -> None:
    """Delete the state of a run whose outputs are safely written."""
    (folder / STATE_FILE).unlink(missing_ok=True)


def compute_fingerprint(
    params: dict[str, Any],
    tables: list[pd.DataFrame],
    weights_folder: Path,
    weights: dict[str, float],
    machine: str,
) -> dict[str, str]:
    """Name everything that a run's bytes depend on, each part by its hash.

    Args:
        params: the recipe; the teacher's file is hashed with it.
        tables: manifests of train and val.
        weights_folder: what training starts from.
        weights: class weights.
        machine: number formats and processes.
    """
    teacher = files.sha256_of(Path(params["teacher"])) if params["teacher"] else ""
    code = sorted(Path(emotion.__file__).parent.rglob("*.py"))
    start = sorted(path for path in weights_folder.iterdir() if path.is_file())
    return {
        "params": _digest(json.dumps([params, teacher], sort_keys=True)),
        "data": _digest(*(table.to_csv(index=False) for table in tables), json.dumps(weights)),
        "weights": _digest(*map(files.sha256_of, start)),
        "code": _digest(*map(files.sha256_of, code)),
        "machine": _digest(json.dumps([library_versions(), machine], sort_keys=True)),
    }


def _digest(*texts: str) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode())
    return digest.hexdigest()
