"""Read weights files of any origin: safetensors, or what torch.save wrote.

Only plain types and tensors are read. Which of the tensors are those of a backbone is the concern
of weights_fit.py.
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.text import shorten
from emotion.models.weights_kinds import explain_failure, is_safetensors

MOST_SHARED = 4  # names per stored value, on average
KEY_END = "/"  # after a key of a dict that has a state dict; names of tensors have dots
StateDict = dict[str, Tensor]


def read_weights(path: Path) -> StateDict:
    """Read the file that `pretrained` names: safetensors, or a state dict of torch.save.

    Returns:
        Tensor by name, of any dtype and shape. Those of a dict within the dict have its key in
        front: `model/conv1.weight`.

    Raises:
        UserError: the file is neither, would run code when loaded, or has no tensor.
    """
    otherwise = "save network.state_dict() alone, with safetensors or torch.save"
    try:
        content = safetensors.torch.load_file(path) if is_safetensors(path) else read_pth(path)
        if not isinstance(content, dict):
            raise ValueError(f"it has no tensors by name, but one {type(content).__name__}")
        tensors = _flatten(content)
        if not tensors:
            names = ", ".join(map(str, content)) or "no key"
            raise ValueError(f"it has no tensors by name, but {shorten(names, 200)}")
    except Exception as error:  # torch's and safetensors' errors have no common base class
        problem, hint = explain_failure(path, error, otherwise)
        raise UserError(problem, hint, file=path, key="pretrained") from None
    return tensors


def _flatten(content: dict[Any, Any]) -> StateDict:
    """The tensors in nested dicts, such as that under `state_dict`; other values are left out."""
    found: StateDict = {}
    open_dicts, seen = [("", content)], set[int]()  # a dict of a hostile file may have itself
    while open_dicts:
        prefix, values = open_dicts.pop(0)
        for key, value in values.items():
            if isinstance(value, Tensor):
                found[f"{prefix}{key}"] = value
            elif isinstance(value, dict) and id(value) not in seen:
                seen.add(id(value))
                open_dicts.append((f"{prefix}{key}{KEY_END}", value))
    return found


def read_pth(path: Path) -> Any:
    """The content of a file of torch.save, plain types and tensors only.

    Raises:
        OSError: as `files.open_regular`.
        ValueError: it is an archive that would expand to more bytes than the file has.
        Exception: of many kinds, by torch: it is damaged, or would run code.
    """
    with files.open_regular(path) as file:
        if zipfile.is_zipfile(file):  # older than torch 1.6: no archive
            with zipfile.ZipFile(file) as archive:
                _check_archive(archive, path.stat().st_size)
        file.seek(0)
        return torch.load(file, weights_only=True, map_location="cpu")


def _check_archive(archive: zipfile.ZipFile, size: int) -> None:
    """Raise a ValueError unless the archive of `size` bytes is one that torch.save has written."""
    entries = archive.infolist()
    # torch.save does not compress, but torch.load expands compressed entries to any size.
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise ValueError("its archive is compressed")
    if sum(entry.file_size for entry in entries) > size:
        raise ValueError("the entries of its archive overlap")
    if damaged := archive.testzip():  # torch.load ignores the checksums that torch.save writes
        raise ValueError(f"the bytes of {shorten(damaged)} have another checksum than was written")


def check_tensors(tensors: Mapping[str, Tensor]) -> None:
    """Check that all tensors are dense, on the CPU, stored at their full size, and finite.

    Args:
        tensors: of any dtype and shape, by name; a few may share memory, as tied weights do.

    Raises:
        ValueError: one of them is not; the message names it.
    """
    stored: dict[int, int] = {}  # bytes by address
    for name, tensor in tensors.items():
        plain = tensor.layout == torch.strided and tensor.device.type == "cpu"
        # An expanded tensor of a few bytes may claim any shape.
        if not plain or tensor.nbytes > tensor.untyped_storage().nbytes():
            raise ValueError(f"the tensor {shorten(name)} is not stored at the size of its shape")
        storage = tensor.untyped_storage()
        stored[storage.data_ptr()] = storage.nbytes()
    # A few are tied; to check a hundred thousand names of one large tensor would take hours.
    if sum(tensor.nbytes for tensor in tensors.values()) > MOST_SHARED * sum(stored.values()):
        raise ValueError("its tensors are the same memory under many names")
    for name, tensor in tensors.items():
        if not tensor.is_floating_point():
            continue
        # torch has no isfinite of numbers of 8 bits.
        if not torch.isfinite(tensor.float() if tensor.itemsize == 1 else tensor).all():
            raise ValueError(f"the tensor {shorten(name)} has values that are not finite")


def load_stored(path: Path) -> StateDict:
    """Read the file that the stage `pretrained_weights` wrote.

    Raises:
        UserError: it is damaged.
    """
    try:
        return safetensors.torch.load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        hint = "delete it and run `dvc repro pretrained_weights`"
        raise UserError(f"cannot be read ({error})", hint, file=path) from None
