"""Find the tensors of a backbone among those of a weights file, whatever they are wrapped in.

DataParallel and torch.compile put `module.` or `_orig_mod.` before each name, a training program
its own `model.` or `student.`, and the file may have its state dict under a key. None of these is
listed here: a prefix is that of the backbone if every name of the backbone follows it, with the
shape that the backbone has.
"""

import re
from collections import Counter
from collections.abc import Mapping

from torch import Tensor

from emotion.core.errors import UserError
from emotion.core.text import shorten
from emotion.models.backbones import BackboneInfo, build_backbone
from emotion.models.weights_files import KEY_END, StateDict, check_tensors

MOST_SHOWN = 3  # networks of a file, in a message
LONGEST_NAME = 500  # characters; those of networks have some dozen
# Keys and prefixes of moving averages of weights, which generalize better than the last ones. They
# are preferred, as timm's own `load_state_dict` does with state_dict_ema and model_ema.
_AVERAGED = re.compile(r"(?<![a-z])(ema|teacher)(?![a-z])")
# In timm's names of position embeddings: pos_embed, rel_pos, relative_position_bias_table.
_POSITION = "pos"
# Counts that torch 0.4 and other programs do not store. Nothing is computed from them.
_COUNTER = "num_batches_tracked"
# How libraries name the tensors of networks that timm has under other names.
_FAMILIES = {
    "transformers": r"(embeddings|embedder|encoder\.(layer|stages))\.",
    "torchvision": r"(features\.\d+\.\d+|encoder\.layers\.encoder_layer_\d+|conv_proj)\.",
    "efficientnet_pytorch": r"(_conv_stem|_blocks\.\d+)\.",
    "facenet-pytorch": r"(conv2d_1a|mixed_6a)\.",
    "timm": r"(conv_stem|patch_embed|blocks\.\d+\.(attn\.qkv|\d+\.conv_\w+)|stages\.\d+\.blocks)\.",
}


def fit_weights(info: BackboneInfo, tensors: StateDict, where: str) -> tuple[StateDict, str]:
    """Keep the tensors of the backbone, in its order; those of a classifier are dropped.

    Args:
        info: the backbone.
        tensors: of a file, by name, as `read_weights` returns them. Position embeddings may be
            those of another input size, which timm resamples.
        where: the source of the tensors, for messages.

    Returns:
        Contiguous tensors under timm's names, and `where`. If several networks of the file fit,
        an average of weights (a name with `ema` or `teacher`) is preferred, then the first; `where`
        then says which it was.

    Raises:
        UserError: a tensor is missing, has another shape, or has values that are not finite.
    """
    expected = build_backbone(info).state_dict()
    prefix, *others = _find_prefixes(expected, tensors)
    found = {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix) and KEY_END not in name.removeprefix(prefix)
    }
    try:
        check_tensors(found)
    except ValueError as error:
        hint = "use weights of a network that trained without diverging"
        raise UserError(f"cannot be used: {error}", hint, file=where, key="pretrained") from None
    wrong = _wrong_names(expected, found)
    found |= {name: expected[name] for name in wrong if name.endswith(_COUNTER)}
    wrong = [name for name in wrong if not name.endswith(_COUNTER)]
    if wrong and not _are_resampled(wrong, info, found):
        raise _does_not_fit(info, expected, tensors, prefix, where)
    if others:
        where += f" ({_shown(prefix)}, not {', '.join(map(_shown, others[:MOST_SHOWN]))})"
    return {name: found[name].contiguous() for name in expected}, where


def _find_prefixes(expected: Mapping[str, Tensor], tensors: StateDict) -> list[str]:
    """The prefixes after which most names of the backbone stand, the preferred one first."""
    hits: Counter[str] = Counter()
    for name, tensor in tensors.items():
        if len(name) > LONGEST_NAME:
            continue
        for start in (0, *(match.end() for match in re.finditer(rf"[.{KEY_END}]", name))):
            known = expected.get(name[start:])
            if known is not None and _is_alike(known, tensor):
                hits[name[:start]] += 1
    most = max(hits.values(), default=0)
    if most < len(expected) / 2:  # of another network, of which some names end alike
        return [""]
    best = [prefix for prefix, count in hits.items() if count == most]
    return sorted(best, key=lambda prefix: not _AVERAGED.search(prefix))


def _is_alike(known: Tensor, tensor: Tensor) -> bool:
    """Whether shapes are equal and both hold numbers of the same kind, of any precision."""
    return known.shape == tensor.shape and known.is_floating_point() == tensor.is_floating_point()


def _wrong_names(expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> list[str]:
    return [
        name
        for name, known in expected.items()
        if name not in found or not _is_alike(known, found[name])
    ]


def _are_resampled(wrong: list[str], info: BackboneInfo, found: StateDict) -> bool:
    """Whether all are position embeddings that timm resamples to those of the backbone.

    timm would also resample the patch embedding of another model, so names are checked first.
    """
    if not all(_POSITION in name and name in found for name in wrong):
        return False
    try:
        build_backbone(info, state_dict=found)
    except Exception:  # of torch, where it copies a tensor; of timm, where it resamples one
        return False
    return True


def _does_not_fit(
    info: BackboneInfo, expected: StateDict, tensors: StateDict, prefix: str, where: str
) -> UserError:
    """The error of a file of which most names fit with this prefix."""
    wanted = {f"{prefix}{name}": expected[name] for name in expected if _COUNTER not in name}
    wrong = _wrong_names(wanted, tensors)
    name, others = wrong[0], [other for other in tensors if other not in wanted]
    has = f"it has {name} {_form(tensors[name])}" if name in tensors else "it lacks that"
    problem = (
        f"does not fit {info.tag}: {len(wrong)} of {len(wanted)} tensors are missing or of "
        f"another shape or type, first {name} {_form(wanted[name])}; {has}"
    )
    if name not in tensors and others:
        problem += f" and has {shorten(others[0])} {_form(tensors[others[0]])} among others"
        if family := _family_of(others):
            problem += f", which is a name of {family}"
    hint = f"use weights of {info.architecture}, with the names that timm gives its tensors"
    return UserError(problem, hint, file=where, key="pretrained")


def _family_of(names: list[str]) -> str:
    """The library that names tensors so, "" if it is not known."""
    for family, pattern in _FAMILIES.items():
        matcher = re.compile(rf"(?:^|[./]){pattern}")
        if any(matcher.search(name[:LONGEST_NAME]) for name in names):
            return family
    return ""


def _form(tensor: Tensor) -> str:
    """Shape and type: `(64, 3, 7, 7) float32`."""
    return f"{tuple(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}"


def _shown(prefix: str) -> str:
    """What is before the names, without a slash, since it is added to a path."""
    return shorten(prefix.rstrip(f".{KEY_END}").replace(KEY_END, ".")) or "the names alone"
