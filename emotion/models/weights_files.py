"""Read weights files of any origin, and check their tensors against a backbone."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard

import safetensors.torch
import torch
from torch import Tensor

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.text import shorten
from emotion.models.backbones import BackboneInfo, build_backbone

MOST_SHARED = 4  # names per stored value, on average
StateDict = dict[str, Tensor]
# In timm's names of position embeddings: pos_embed, rel_pos, relative_position_bias_table.
_POSITION = "pos"


def read_weights(path: Path) -> StateDict:
    """Read the file that `pretrained` names: safetensors, or a state dict of torch.save.

    Returns:
        Tensor by name, of any dtype and shape. A dict under the key `state_dict` is unwrapped.

    Raises:
        UserError: the file is neither, would run code when loaded, or has a tensor that is not
            finite.
    """
    try:
        is_safe = path.suffix == ".safetensors"
        content = safetensors.torch.load_file(path) if is_safe else read_pth(path)
        nested = content.get("state_dict", content) if isinstance(content, dict) else content
        if not _is_state_dict(nested):
            raise ValueError(f"no dict of names and tensors, but {shorten(type(nested).__name__)}")
        check_tensors(nested)
    except Exception as error:  # torch's and safetensors' errors have no common base class
        reason = error if isinstance(error, ValueError) else type(error).__name__
        raise UserError(
            f"cannot be used as weights ({reason})",
            "save a plain state dict with safetensors or torch.save",
            file=path,
            key="pretrained",
        ) from None
    return nested


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
                entries = archive.infolist()
            # torch.save does not compress, but torch.load expands compressed entries to any size.
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                raise ValueError("its archive is compressed")
            if sum(entry.file_size for entry in entries) > path.stat().st_size:
                raise ValueError("the entries of its archive overlap")
        file.seek(0)
        return torch.load(file, weights_only=True, map_location="cpu")


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
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
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


def fit_weights(info: BackboneInfo, state_dict: StateDict, where: str) -> StateDict:
    """Keep the tensors of the backbone, in its order; those of a classifier are dropped.

    Args:
        info: the backbone.
        state_dict: under timm's names; those of our checkpoints begin with `backbone.`. Position
            embeddings may be those of another input size, which timm resamples.
        where: the source of the tensors, for the message.

    Returns:
        Contiguous tensors under timm's names.

    Raises:
        UserError: a tensor is missing, or has another shape.
    """
    state_dict = {name.removeprefix("backbone."): tensor for name, tensor in state_dict.items()}
    expected = build_backbone(info).state_dict()
    found = {name: tensor.shape for name, tensor in state_dict.items()}
    wrong = [name for name, tensor in expected.items() if found.get(name) != tensor.shape]
    if wrong and not _are_resampled(wrong, info, state_dict):
        raise UserError(
            f"does not fit {info.tag}: {len(wrong)} of {len(expected)} tensors are missing or of "
            f"another shape ({', '.join(wrong[:3])} ...)",
            f"use weights of {info.architecture}",
            file=where,
        )
    return {name: state_dict[name].contiguous() for name in expected}


def _are_resampled(wrong: list[str], info: BackboneInfo, state_dict: StateDict) -> bool:
    """Whether all are position embeddings that timm resamples to those of the backbone.

    timm would also resample the patch embedding of another model, so names are checked first.
    """
    if not all(_POSITION in name and name in state_dict for name in wrong):
        return False
    try:
        build_backbone(info, state_dict=state_dict)
    except Exception:  # of torch, where it copies a tensor; of timm, where it resamples one
        return False
    return True


def _is_state_dict(content: Any) -> TypeGuard[StateDict]:
    return isinstance(content, dict) and all(
        isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in content.items()
    )
