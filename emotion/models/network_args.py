"""Check the description of a network in an untrusted file before it is passed to timm.

A checkpoint or a config.json names an architecture and arguments for timm's function that builds
it. The same function takes arguments that download a file, open a path or choose a loader, so
nothing is passed on but the names below, with values of their type and range. They are the
arguments of timm's architectures that change the structure of a network; the others concern
loading, or training only.
"""

import re
import reprlib
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar, cast

import timm
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from emotion.core.reports import Share
from emotion.core.text import printable, shorten
from emotion.data.preprocessing import LARGEST_SIDE

Scale = Annotated[float, Field(ge=0, le=100)]
Side = Annotated[int, Field(ge=1, le=LARGEST_SIDE)]
Width = Annotated[int, Field(ge=1, le=8192)]  # channels
Depth = Annotated[int, Field(ge=0, le=200)]  # blocks
Count = Annotated[int, Field(ge=0, le=1024)]  # heads, groups, tokens
Value = TypeVar("Value")
Parts = Annotated[list[Value], Field(max_length=16)]  # one value per stage or block
Pair = Annotated[list[Side], Field(min_length=2, max_length=2)]  # height and width
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{0,40}$")]  # of a layer or a way of pooling


# Arguments of timm's architectures that a file may set, by type; all others are rejected.
_ARGUMENTS: tuple[tuple[Any, str], ...] = (
    # input
    (Literal[3], "in_chans"),
    (Side | Pair, "img_size patch_size"),
    (Side | Pair | None, "window_size"),
    (bool, "dynamic_img_size dynamic_img_pad strict_img_size"),
    (Literal[8, 16, 32], "output_stride"),
    (Literal["", "same"], "pad_type"),
    (Name, "stem_type"),
    (Width, "stem_size stem_width"),
    # width and depth
    (Width | Parts[Width], "embed_dim"),
    (Parts[Width], "embed_dims dims channels widths"),
    (Depth | Parts[Depth], "depth"),
    (Parts[Depth], "depths layers"),
    (Count | Parts[Count], "num_heads"),
    (Width, "head_dim num_features base_width"),
    (Width | None, "head_hidden_size"),
    (Count, "cardinality"),
    (Scale | Parts[Scale], "mlp_ratio"),
    (Parts[Scale], "mlp_ratios"),
    (Side | Parts[Side], "kernel_sizes"),
    # tokens and attention
    (Count, "reg_tokens"),
    (Name, "pos_embed"),
    (bool, "class_token no_embed_class use_abs_pos_emb use_rel_pos_bias use_shared_rel_pos_bias"),
    (bool, "qkv_bias qk_norm proj_bias always_partition"),
    # layers
    (Name, "act_layer norm_layer aa_layer weight_init"),
    (Share | None, "norm_eps init_values ls_init_value layer_scale_init_value"),
    (bool, "pre_norm final_norm conv_bias conv_mlp use_grn swiglu_mlp scale_mlp head_norm_first"),
    (bool, "zero_init_last fix_init fix_stem"),
    (bool | None, "fc_norm use_fc_norm"),
    (Scale, "head_init_scale"),
    # pooling
    (Name, "global_pool pool_type"),
    (bool, "distillation"),
    # dropout, of training only
    (Share, "drop_rate drop_path_rate attn_drop_rate proj_drop_rate pos_drop_rate patch_drop_rate"),
    (Share | None, "drop_block_rate"),
)
_STRICT = ConfigDict(strict=True)
NETWORK_ARGS: dict[str, TypeAdapter[Any]] = {
    name: TypeAdapter(kind, config=_STRICT) for kind, names in _ARGUMENTS for name in names.split()
}
MOST_OMITTED = 100
_MODULE = re.compile(r"\w+(\.\w+){0,9}", re.ASCII)


def check_network(architecture: object, args: object, omitted: object = ()) -> None:
    """Check that the values of a file are a plain description of a network of timm.

    Args:
        architecture: its name.
        args: of timm's function for it.
        omitted: names of its modules that are left out.

    Raises:
        ValueError: timm has no such architecture, an argument is not in NETWORK_ARGS or out of its
            range, or `omitted` is not a list of names. Callers add the file and a hint.
    """
    # The name alone: timm also takes hf_hub:owner/name, a folder, and a tag of other weights.
    name = architecture if isinstance(architecture, str) else ""
    if not name.isidentifier() or not timm.is_model(name):
        raise ValueError(
            f"timm {timm.__version__} has no architecture {shorten(repr(architecture))}"
        )
    is_list = isinstance(omitted, list | tuple) and len(omitted) <= MOST_OMITTED
    if not is_list or not all(map(_is_module, cast(Sequence[object], omitted))):
        raise ValueError(f"omitted is {shorten(repr(omitted))}, but should be names of modules")
    if not isinstance(args, dict):
        raise ValueError(f"model_args is {shorten(repr(args))}, but should be a mapping")
    for key, value in args.items():
        if key not in NETWORK_ARGS:
            key, allowed = shorten(printable(str(key))), ", ".join(NETWORK_ARGS)
            raise ValueError(f"model_args has {key}, which no file may set; allowed are {allowed}")
        try:
            NETWORK_ARGS[key].validate_python(value)
        except ValidationError as error:
            reason = error.errors(include_url=False)[0]["msg"].removeprefix("Input ")
            raise ValueError(f"{key} is {shorten(repr(value))}, but {reason}") from None


def explain_value(error: ValidationError) -> str:
    """The first wrong field and what is allowed: `epoch is 0, but should be ... 1`."""
    item = error.errors(include_url=False, include_context=False)[0]
    place, message = ".".join(map(str, item["loc"])), item["msg"]
    if message.startswith("Input should be"):
        return f"{place} is {reprlib.repr(item['input'])}, but {message.removeprefix('Input ')}"
    if message.startswith("Value error, "):  # of a check of our own, which names the value
        return message.removeprefix("Value error, ")
    return f"{place}: {message}"


def _is_module(name: object) -> bool:
    return isinstance(name, str) and len(name) <= 200 and bool(_MODULE.fullmatch(name))
