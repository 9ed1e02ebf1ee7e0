"""Say why a file is not weights that PyTorch can read: by its content, as a suffix may be wrong."""

import codecs
import pickle
import re
import zipfile
from pathlib import Path

from emotion.core import files
from emotion.core.file_kinds import ARCHIVE, FIRST, hint_for, kind_of
from emotion.core.text import shorten

_SAFETENSORS = "a safetensors file"
_ONNX = "an ONNX file"
_EMPTY = "an empty file"
_DAMAGED = "an incomplete or damaged file of torch.save"
_PYTORCH = "give weights of PyTorch, since those of TensorFlow have other names and layouts"
_HINTS = {
    _ONNX: "give the file of PyTorch that it was exported from",
    "a Keras file": _PYTORCH,
    "an HDF5 file": _PYTORCH,
}
# The first field of a protobuf message of ONNX is its version, the second its producer or graph.
_ONNX_START = re.compile(rb"\x08[\x03-\x20][\x12\x1a\x22\x28\x32\x3a\x42]")
_CLASS = re.compile(r"\bGLOBAL ([\w.]+)")  # in torch's message about an object that it refuses


def is_safetensors(path: Path) -> bool:
    """Whether the file begins as safetensors do: the length of a header in JSON, and the header.

    Raises:
        OSError: as `files.open_regular`.
    """
    first = _first_bytes(path)
    return first[8:9] == b"{" and 2 <= int.from_bytes(first[:8], "little") <= path.stat().st_size


def explain_failure(path: Path, error: Exception, otherwise: str) -> tuple[str, str]:
    """Why a file cannot be read as weights, as a predicate, and a hint.

    Args:
        path: of the file, which exists.
        error: of torch or safetensors; a ValueError has a reason of our own.
        otherwise: the hint if the content of the file shows no better one.
    """
    if isinstance(error, pickle.UnpicklingError) and (found := _CLASS.search(str(error))):
        problem = (
            f"has an object of the class {shorten(found[1])}, which only running code restores"
        )
        return problem, otherwise
    try:
        kind = kind_of_weights(path)
    except OSError as failed:
        return f"cannot be read ({failed.strerror or failed})", "give a file that can be read"
    if kind in ("", _DAMAGED, _SAFETENSORS) and isinstance(error, ValueError):
        return f"cannot be used ({_one_line(error)})", otherwise
    if kind == _SAFETENSORS:
        kind = f"an incomplete or damaged safetensors file ({_one_line(error)})"
    elif kind not in (_EMPTY, _DAMAGED):
        hint = _HINTS.get(kind) or hint_for(kind, otherwise)
        return f"is {kind or 'neither safetensors nor a file of torch.save'}", hint
    return f"is {kind}", f"download or copy it again, or {otherwise}"


def kind_of_weights(path: Path) -> str:
    """What the file is, such as "a TorchScript program"; "" if its first bytes do not show it."""
    first = _first_bytes(path)
    if not first:
        return _EMPTY
    kind = kind_of(first)
    if kind == ARCHIVE:
        return _kind_of_archive(path, first)
    if kind == "a pickle":  # of torch before 1.6, or of another program
        return "a pickle of other objects than tensors, or a damaged one"
    if kind:
        return kind
    if is_safetensors(path):
        return _SAFETENSORS
    if _ONNX_START.match(first):
        return _ONNX
    return "a text file" if _is_text(first) else ""


def _kind_of_archive(path: Path, first: bytes) -> str:
    """The kind of a file that begins as a zip archive, as those of torch.save do."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return _DAMAGED if b"data.pkl" in first else "a damaged zip file"
    if any(name.endswith("/constants.pkl") for name in names):
        return "a TorchScript program"
    if any(name.endswith("data.pkl") for name in names):
        return _DAMAGED
    if any(name.endswith(".npy") for name in names):
        return "an archive of NumPy"
    return "a Keras file" if any(name.endswith(".weights.h5") for name in names) else ARCHIVE


def _first_bytes(path: Path) -> bytes:
    with files.open_regular(path) as file:
        return file.read(FIRST)


def _is_text(first: bytes) -> bool:
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(first)  # the last may be cut
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character in "\t\r\n" for character in text)


def _one_line(error: Exception) -> str:
    return shorten(" ".join(str(error).split()) or type(error).__name__, 200)
