"""Files of weights: reading one of any origin, and whether its tensors fit a backbone."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import safetensors.torch
import torch
from torch import Tensor

from emotion.core import files
from emotion.core.errors import UserError
from emotion.core.text import shorten
from emotion.models.backbones import BackboneInfo, build_backbone

MOST_SHARED = 4  # names per stored number, on average
StateDict = dict[str, Tensor]
# In timm's names of position embeddings: pos_embed, rel_pos, relative_position_bias_table.
_POSITION = "pos"


def read_weights(path: Path) -> StateDict:
    """Read a safetensors file, or a plain state dict of torch.save.

    Raises:
        UserError: the file is neither, would run code when loaded, or has a tensor that is not
            finite.
    """
    try:
        if path.suffix == ".safetensors":
            content = safetensors.torch.load_file(path)
        else:
            content = read_pth(path)
    except Exception as error:  # torch's and safetensors' errors have no common base class
        reason = error if isinstance(error, UserError) else type(error).__name__
        raise UserError(
            f"pretrained: {path} cannot be read as weights ({reason}); "
            "save a plain state dict with safetensors or torch.save."
        ) from None
    nested = content.get("state_dict", content) if isinstance(content, dict) else content
    return _check_tensors(nested, path)


def read_pth(path: Path) -> Any:
    """The content of a file of torch.save, plain types and tensors only.

    Raises:
        OSError: as `files.open_regular`.
        UserError: it is an archive that grows when it is read.
        Exception: of many kinds, by torch: it is damaged, or would run code.
    """
    with files.open_regular(path) as file:
        if zipfile.is_zipfile(file):  # before torch 1.6 it was none
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
            # torch compresses nothing, but reads what another has compressed, to any size.
            if any(member.compress_type != zipfile.ZIP_STORED for member in members):
                raise UserError("its archive is compressed")
            if sum(member.file_size for member in members) > path.stat().st_size:
                raise UserError("the members of its archive overlap")
        file.seek(0)
        return torch.load(file, weights_only=True, map_location="cpu")


def check_tensors(tensors: Mapping[str, Tensor]) -> None:
    """Refuse tensors that are not plain numbers in memory of their own size, and NaN or infinity.

    Raises:
        UserError: one is not; the message names it.
    """
    stored: dict[int, int] = {}  # bytes by address
    for name, tensor in tensors.items():
        plain = tensor.layout == torch.strided and tensor.device.type == "cpu"
        # An expanded tensor of a few bytes may claim any shape.
        if not plain or tensor.nbytes > tensor.untyped_storage().nbytes():
            raise UserError(f"the tensor {shorten(name)} is not stored as its shape says")
        storage = tensor.untyped_storage()
        stored[storage.data_ptr()] = storage.nbytes()
    # A few are tied; a hundred thousand names of one large tensor would take hours to look at.
    if sum(tensor.nbytes for tensor in tensors.values()) > MOST_SHARED * sum(stored.values()):
        raise UserError("its tensors are the same memory under many names")
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise UserError(f"the tensor {shorten(name)} has values that are not finite")


def load_stored(path: Path) -> StateDict:
    """Read the file that the stage `pretrained_weights` wrote.

    Raises:
        UserError: it is damaged.
    """
    try:
        return safetensors.torch.load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise UserError(
            f"{path} cannot be read ({error}); delete it and run `dvc repro pretrained_weights`."
        ) from None


def fit_weights(info: BackboneInfo, state_dict: StateDict, where: str) -> StateDict:
    """Keep the tensors of the backbone, in its order; those of a classifier are dropped.

    Args:
        info: the backbone.
        state_dict: under timm's names; those of our checkpoints begin with `backbone.`. Position
            embeddings may be those of another input size, which timm resamples.
        where: the tensors are from, for the message.

    Raises:
        UserError: a tensor is missing, or has another shape.
    """
    state_dict = {name.removeprefix("backbone."): tensor for name, tensor in state_dict.items()}
    wanted = build_backbone(info).state_dict()
    wrong = [
        name
        for name, tensor in wanted.items()
        if name not in state_dict or state_dict[name].shape != tensor.shape
    ]
    if wrong and not _are_resampled(wrong, info, state_dict):
        raise UserError(
            f"{where} does not fit {info.tag}: {len(wrong)} of {len(wanted)} tensors are missing "
            f"or of another shape ({', '.join(wrong[:3])} ...); give the weights of that model."
        )
    return {name: state_dict[name].contiguous() for name in wanted}


def _are_resampled(wrong: list[str], info: BackboneInfo, state_dict: StateDict) -> bool:
    """Whether all are position embeddings that timm turns into those of the backbone.

    It would also resample the patches of another model.
    """
    if not all(_POSITION in name and name in state_dict for name in wrong):
        return False
    try:
        build_backbone(info, state_dict=state_dict)
    except Exception:  # of torch, where it copies a tensor; of timm, where it resamples one
        return False
    return True


def _check_tensors(content: Any, path: Path) -> StateDict:
    named = isinstance(content, dict) and all(isinstance(name, str) for name in content)
    if not named or not all(isinstance(tensor, Tensor) for tensor in content.values()):
        raise UserError(
            f"pretrained: {path} holds no tensors by name, but {shorten(repr(type(content)))}; "
            "save a plain state dict with safetensors or torch.save."
        )
    tensors = cast(StateDict, content)
    try:
        check_tensors(tensors)
    except UserError as error:
        raise UserError(f"pretrained: {path} cannot be used: {error}") from None
    return tensors
