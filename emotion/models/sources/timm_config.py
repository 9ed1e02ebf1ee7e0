"""Parse the config.json of a model in timm's format, which may come from anyone."""

import dataclasses
import json
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from emotion.core.text import shorten
from emotion.models.network_args import Side, explain_value

_CONFIG = ConfigDict(strict=True, extra="ignore")


@dataclass(frozen=True, kw_only=True, config=_CONFIG)
class PretrainedConfig:
    """The values of the weights that are used, or that no network of images can have."""

    mean: list[float] | None = None
    std: list[float] | None = None
    interpolation: Annotated[str, Field(min_length=1)] | None = None
    fixed_input_size: bool | None = None  # whether the network is built for one input size
    license: str | list[str] | None = None
    input_size: tuple[Literal[3], Side, Side] | None = None  # channels, height, width
    num_classes: Annotated[int, Field(ge=0)] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class TimmConfig:
    """What the file says of the network and of its weights."""

    architecture: str  # not checked
    model_args: dict[str, Any]  # not checked
    weights: PretrainedConfig
    license: str  # "" if the file has none

    @property
    def takes_any_size(self) -> bool:
        """Whether the arguments make a network of a fixed input size one that takes any."""
        args = self.model_args
        return bool(args.get("dynamic_img_size")) or args.get("strict_img_size") is False


def parse_config(text: str) -> TimmConfig:
    """The config of a text of JSON; in earlier files the values of the weights are at the top.

    Raises:
        ValueError: it is not JSON, or has a value of another type or range.
    """
    try:
        content = json.loads(text)
    except RecursionError:
        raise ValueError("its JSON is nested too deeply") from None
    if not isinstance(content, dict):
        raise ValueError(f"it is {shorten(repr(content))}, but should be an object")
    if "architecture" not in content:
        other = " but architectures, as of transformers" if "architectures" in content else ""
        raise ValueError(f"it has no architecture{other}")
    model_args, weights = content.get("model_args", {}), content.get("pretrained_cfg", content)
    for name, value in (("model_args", model_args), ("pretrained_cfg", weights)):
        if not isinstance(value, dict):
            raise ValueError(f"{name} is {shorten(repr(value))}, but should be an object")
    top = {name: content[name] for name in ("license", "num_classes") if name in content}
    try:
        # From JSON, so that a list of numbers is a tuple.
        checked = TypeAdapter(PretrainedConfig).validate_json(json.dumps({**weights, **top}))
    except ValidationError as error:
        raise ValueError(explain_value(error)) from None
    names = checked.license or ""
    return TimmConfig(
        architecture=content["architecture"],
        model_args=model_args,
        weights=checked,
        license=names if isinstance(names, str) else ", ".join(names),
    )
