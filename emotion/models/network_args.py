"""What a file may say about a network, checked before timm sees it.

A checkpoint or a config.json names an architecture and arguments for timm's function of it. The
same function takes arguments that download a file, open a path or choose a loader, so nothing is
passed on but the names below, with values of their type and range. They are the settings of timm's
architectures that change the form of a network; the others belong to timm, to a library, or to
training.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Literal, TypeVar, cast

import timm
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from emotion.core.errors import UserError
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


class NetworkArgs(TypedDict, total=False):
    """Arguments of timm's architectures that a file may set; all others are refused."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)  # type: ignore[misc]

    # input
    in_chans: Literal[3]
    img_size: Side | Pair
    patch_size: Side | Pair
    window_size: Side | Pair | None
    dynamic_img_size: bool
    dynamic_img_pad: bool
    strict_img_size: bool
    output_stride: Literal[8, 16, 32]
    pad_type: Literal["", "same"]
    stem_type: Name
    stem_size: Width
    stem_width: Width
    # width and depth
    embed_dim: Width | Parts[Width]
    embed_dims: Parts[Width]
    dims: Parts[Width]
    channels: Parts[Width]
    widths: Parts[Width]
    depth: Depth | Parts[Depth]
    depths: Parts[Depth]
    layers: Parts[Depth]
    num_heads: Count | Parts[Count]
    head_dim: Width
    num_features: Width
    head_hidden_size: Width | None
    cardinality: Count
    base_width: Width
    mlp_ratio: Scale | Parts[Scale]
    mlp_ratios: Parts[Scale]
    kernel_sizes: Side | Parts[Side]
    # tokens and attention
    class_token: bool
    reg_tokens: Count
    no_embed_class: bool
    pos_embed: Name
    use_abs_pos_emb: bool
    use_rel_pos_bias: bool
    use_shared_rel_pos_bias: bool
    qkv_bias: bool
    qk_norm: bool
    proj_bias: bool
    always_partition: bool
    # layers
    act_layer: Name
    norm_layer: Name
    aa_layer: Name
    norm_eps: Share | None
    pre_norm: bool
    final_norm: bool
    fc_norm: bool | None
    use_fc_norm: bool | None
    conv_bias: bool
    conv_mlp: bool
    use_grn: bool
    swiglu_mlp: bool
    scale_mlp: bool
    head_norm_first: bool
    zero_init_last: bool
    init_values: Share | None
    ls_init_value: Share | None
    layer_scale_init_value: Share | None
    head_init_scale: Scale
    weight_init: Name
    fix_init: bool
    fix_stem: bool
    # pooling
    global_pool: Name
    pool_type: Name
    distillation: bool
    # dropout, of training only
    drop_rate: Share
    drop_path_rate: Share
    drop_block_rate: Share | None
    attn_drop_rate: Share
    proj_drop_rate: Share
    pos_drop_rate: Share
    patch_drop_rate: Share


_ARGS = TypeAdapter(NetworkArgs)
MOST_OMITTED = 100
_MODULE = re.compile(r"\w+(\.\w+){0,9}", re.ASCII)


def check_network(architecture: object, args: object, omitted: object = ()) -> None:
    """Refuse what is not a plain description of a network of timm.

    Args:
        architecture: its name.
        args: of timm's function for it.
        omitted: names of its modules that are left out.

    Raises:
        UserError: timm has no such architecture, an argument is not in `NetworkArgs` or out of its
            range, or `omitted` is not a list of names.
    """
    # The name alone: timm also takes hf_hub:owner/name, a folder, and a tag of other weights.
    if (
        not isinstance(architecture, str)
        or not architecture.isidentifier()
        or not timm.is_model(architecture)
    ):
        name = shorten(repr(architecture))
        raise UserError(f"timm {timm.__version__} has no architecture {name}")
    is_list = isinstance(omitted, list | tuple) and len(omitted) <= MOST_OMITTED
    if not is_list or not all(map(_is_module, cast(Sequence[object], omitted))):
        raise UserError(f"omitted is {shorten(repr(omitted))}, but should be names of modules")
    try:
        _ARGS.validate_python(args)
    except ValidationError as error:
        item = error.errors(include_url=False)[0]
        key = shorten(printable(str(item["loc"][0]))) if item["loc"] else "model_args"
        if item["type"] == "extra_forbidden":
            raise UserError(
                f"model_args has {key}, which no file may set; allowed are "
                f"{', '.join(NetworkArgs.__annotations__)}"
            ) from None
        reason = item["msg"].removeprefix("Input should be ")
        raise UserError(
            f"{key} is {shorten(repr(item['input']))}, but should be {reason}"
        ) from None


def _is_module(name: object) -> bool:
    return isinstance(name, str) and len(name) <= 200 and bool(_MODULE.fullmatch(name))
