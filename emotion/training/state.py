"""Save the state of a run after each epoch, so that `dvc repro` resumes an interrupted run.

The state is kept outside the stage's outputs, which DVC deletes before a stage runs. It belongs to
one combination of params, data, weights, code and machine: its fingerprint. With another
fingerprint training restarts from scratch and reports what changed.

Two files are overwritten in turn, and a third names the complete one: a kill at any moment leaves
the state of the last finished epoch. Writing a new file and renaming it took three to eight times
as long for a large network, because the system has to allocate new pages for it.
"""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from tqdm import tqdm

import emotion
from emotion.core import files
from emotion.core.code_fingerprint import read_source
from emotion.core.errors import UserError
from emotion.models.checkpoint import library_versions

SLOTS = ("state_0.pt", "state_1.pt")
LATEST = "latest"  # contains the name of a slot


class RunState:
    """Save and load the state of one run in a folder of its own.

    Args:
        folder: created when first needed.
        fingerprint: from `compute_fingerprint`.
    """

    def __init__(self, folder: Path, fingerprint: dict[str, str]):
        self.folder, self.fingerprint = folder, fingerprint

    def load(self) -> dict[str, Any] | None:
        """The last saved state, or None if there is none or it belongs to another run.

        Raises:
            UserError: the folder is a file, or one of its files is a folder.
        """
        self._refuse_others()
        path = self._latest()
        if path is None:
            return None
        try:
            saved: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
            found = saved["fingerprint"]
        except Exception as error:  # torch.load names no common base class
            problem = f"{path} cannot be read ({type(error).__name__})"
        else:
            other = [name for name, value in self.fingerprint.items() if found.get(name) != value]
            if not other:
                return saved
            problem = f"the interrupted run in {self.folder} had other {', '.join(other)}"
        tqdm.write(f"train: {problem}; starting from scratch")
        return None

    def save(self, content: dict[str, Any]) -> None:
        """Replace the state; plain types and tensors only.

        Raises:
            UserError: the disk is full.
        """
        latest = self._latest()
        path = self.folder / SLOTS[latest is not None and latest.name == SLOTS[0]]
        self.folder.mkdir(parents=True, exist_ok=True)
        path.touch()
        with files.explaining_failed_writes(path), path.open("r+b") as file:
            torch.save({"fingerprint": self.fingerprint, **content}, file)
            file.truncate()
        files.write_text(self.folder / LATEST, path.name)

    def _refuse_others(self) -> None:
        others = [self.folder] if self.folder.exists() and not self.folder.is_dir() else []
        own_files = (self.folder / name for name in (LATEST, *SLOTS))
        others += [path for path in own_files if path.exists() and not path.is_file()]
        if others:
            hint = "move it away and run `dvc repro` again"
            raise UserError("has the name that the state of a run needs", hint, file=others[0])

    def _latest(self) -> Path | None:
        try:
            name = (self.folder / LATEST).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None
        return self.folder / name if name in SLOTS else None


def discard_state(folder: Path) -> None:
    """Delete the state of a run whose outputs are written."""
    for name in (LATEST, *SLOTS):
        (folder / name).unlink(missing_ok=True)
    for unfinished in folder.glob(f"{files.TEMPORARY}*"):  # of a run that was killed
        shutil.rmtree(unfinished, ignore_errors=True)


def compute_fingerprint(
    params: dict[str, Any],
    tables: list[pd.DataFrame],
    weights_folder: Path,
    weights: dict[str, float],
    machine: str,
) -> dict[str, str]:
    """SHA-256 hashes of everything that the bytes of a run depend on.

    Args:
        params: the recipe.
        tables: manifests of train and val.
        weights_folder: of the initial weights and the teacher.
        weights: class weights by class name.
        machine: number formats and number of processes.

    Returns:
        One hash each under `params`, `data`, `weights`, `code` and `machine`.
    """
    code = sorted(Path(emotion.__file__).parent.rglob("*.py"))
    start = sorted(path for path in weights_folder.iterdir() if path.is_file())
    return {
        "params": _digest(json.dumps(params, sort_keys=True)),
        "data": _digest(*(table.to_csv(index=False) for table in tables), json.dumps(weights)),
        "weights": _digest(*map(files.sha256_of, start)),
        "code": _digest(*(read_source(path).syntax for path in code)),
        "machine": _digest(json.dumps([library_versions(), machine], sort_keys=True)),
    }


def _digest(*texts: str) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode())
    return digest.hexdigest()
