"""Keep the findings of an interrupted inspection, so that the next run goes on.

The state is a file of lines: the finding of one image, under a hash of its bytes. The name of the
file is a hash of everything else that findings depend on. A killed run may leave half a line, which
is ignored.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from emotion.core import files
from emotion.core.errors import UserError
from emotion.data.face import Face
from emotion.datasets.face_search import FoundFace
from emotion.datasets.inspection import Finding

SUFFIX = ".jsonl"
# That decode images and find faces.
LIBRARIES = [f"{name} {version(name)}" for name in ("numpy", "onnxruntime", "pillow")]


class InspectionState:
    """The findings so far, in a folder of their own.

    Args:
        folder: created when first needed. Other files of it are of earlier code or settings; they
            are deleted.
        depends_on: texts on which the findings depend beside the image and LIBRARIES: settings and
            code.
    """

    def __init__(self, folder: Path, depends_on: Iterable[str]) -> None:
        name = hashlib.sha256("\0".join([*depends_on, *LIBRARIES]).encode()).hexdigest()[:16]
        self.folder, self.path = folder, folder / f"{name}{SUFFIX}"

    def find(self, paths: Sequence[str]) -> dict[str, Finding]:
        """The findings for those images that are stored, by path.

        Raises:
            UserError: the folder is a file, or the file cannot be read.
        """
        stored = self._load()
        if not stored:
            return {}
        keys = {path: _content_of(path) for path in paths}
        return {path: stored[key] for path, key in keys.items() if key in stored}

    def append(self, paths: Sequence[str], findings: list[Finding]) -> None:
        """Store the findings for some images.

        Raises:
            UserError: the disk is full, or the folder may not be written to.
        """
        keys = map(_content_of, paths)
        lines = [
            json.dumps([key, _to_json(finding)])
            for key, finding in zip(keys, findings, strict=True)
            if key
        ]
        with files.explaining_failed_writes(self.path):
            if not self.path.exists():
                self.discard()
                self.folder.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write("".join(f"\n{line}" for line in lines))  # after half a line too

    def discard(self) -> None:
        """Delete the state, when the outputs of the run are written."""
        for path in self.folder.glob(f"*{SUFFIX}"):
            if path.is_file():
                path.unlink()

    def _load(self) -> dict[str, Finding]:
        found = {}
        for line in self._lines():
            try:
                key, values = json.loads(line)
                found[key] = _from_json(values)
            except (ValueError, TypeError, KeyError, RecursionError):  # half a line, or not ours
                continue
        return found

    def _lines(self) -> list[str]:
        for path, is_ours in ((self.folder, Path.is_dir), (self.path, Path.is_file)):
            if path.exists() and not is_ours(path):
                problem = "has the name that the state of prepare_splits needs"
                raise UserError(problem, "move it away and run `dvc repro` again", file=path)
        if not self.path.exists():
            return []
        with files.explaining_failed_reads(self.path, "run `dvc repro` again"):
            return self.path.read_text(encoding="utf-8", errors="replace").splitlines()


def _content_of(path: str) -> str:
    """A hash of the bytes of a file; "" if it cannot be read."""
    try:
        return files.sha256_of(Path(path))
    except (OSError, ValueError):
        return ""


def _to_json(finding: Finding) -> dict[str, Any]:
    faces = [
        {"face": asdict(found.face), "sha256": found.sha256, "phash": found.phash.hex()}
        for found in finding.faces
    ]
    return finding._asdict() | {"phash": finding.phash.hex(), "faces": faces}


def _from_json(values: dict[str, Any]) -> Finding:
    faces = tuple(
        FoundFace(_face_from(found["face"]), found["sha256"], bytes.fromhex(found["phash"]))
        for found in values["faces"]
    )
    return Finding(**(values | {"phash": bytes.fromhex(values["phash"]), "faces": faces}))


def _face_from(values: dict[str, Any]) -> Face:
    landmarks = tuple((x, y) for x, y in values["landmarks"])
    return Face(**(values | {"box": tuple(values["box"]), "landmarks": landmarks}))
