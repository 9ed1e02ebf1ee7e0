"""Backbones: what is known of one before it is built, timm's names, and the network itself."""

import difflib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import timm
import torch
from timm.data.constants import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from torch import Tensor, nn

from emotion.core.errors import UserError
from emotion.data.preprocessing import Preprocessing
from emotion.models.network_args import check_network


@dataclass(frozen=True, kw_only=True)
class BackboneInfo:
    """A backbone that can be built and whose weights can be found; all of it is in source.json."""

    model_type: str  # the name as the user wrote it
    tag: str  # architecture.weights: a bare timm name floats, this one does not
    architecture: str  # a network that timm registers
    args: dict[str, Any] = field(default_factory=dict)  # of timm's function for it
    omitted: tuple[str, ...] = ()  # its modules that are left out
    mean: tuple[float, float, float]  # of the normalization, RGB in 0..1
    std: tuple[float, float, float]
    interpolation: str  # bicubic, bilinear ...: how images were resized in pretraining
    needs_img_size: bool  # the architecture is built for one input size (ViT and similar)
    license: str  # of the pretrained weights
    revision: str = ""  # commit of the repository of the Hub that `model_type` names
    folded_norms: bool = False  # the weights have no BatchNorm statistics: see folded_norms.py

    def preprocessing(self, img_size: int, grayscale: bool) -> Preprocessing:
        """What the network expects at an input size, pixels."""
        return Preprocessing(
            img_size=img_size,
            mean=self.mean,
            std=self.std,
            interpolation=self.interpolation,
            grayscale=grayscale,
        )

    def args_at(self, img_size: int | None) -> dict[str, Any]:
        """The arguments for an input size, pixels; None keeps the size of the weights."""
        return self.args | ({"img_size": img_size} if img_size and self.needs_img_size else {})


def resolve_timm_name(model_type: str) -> BackboneInfo:
    """Look up a name in timm, without loading weights or allocating parameters.

    Raises:
        UserError: timm has no such model; the message suggests the closest ones.
    """
    if not timm.is_model(model_type):
        near = difflib.get_close_matches(model_type, timm.list_models(), n=3, cutoff=0.6)
        hint = f"did you mean {' or '.join(near)}?" if near else "see `emotion backbones '*'`."
        raise UserError(f"model_type is {model_type!r}, which timm does not know; {hint}")
    try:
        network = _create(model_type, device="meta")
    except RuntimeError as error:  # of an unknown tag
        raise UserError(f"model_type is {model_type!r}: {error}") from None
    config = cast(dict[str, Any], network.pretrained_cfg)
    architecture = config["architecture"]
    tag = ".".join(part for part in (architecture, config["tag"]) if part)
    return describe_config(config, model_type=model_type, tag=tag, architecture=architecture)


def describe_config(config: Mapping[str, Any], **known: Any) -> BackboneInfo:
    """What a `pretrained_cfg` of timm says, with its defaults for what it does not.

    Args:
        config: of the weights, from timm or from the config.json of a repository.
        known: the other fields of BackboneInfo.
    """
    fields: dict[str, Any] = {
        "mean": tuple(config.get("mean") or IMAGENET_DEFAULT_MEAN),
        "std": tuple(config.get("std") or IMAGENET_DEFAULT_STD),
        "interpolation": config.get("interpolation") or "bicubic",
        "needs_img_size": bool(config.get("fixed_input_size")),
        "license": config.get("license") or "unknown",
    }
    return BackboneInfo(**(fields | known))


def build_backbone(
    info: BackboneInfo,
    img_size: int | None = None,
    state_dict: dict[str, Tensor] | None = None,
) -> nn.Module:
    """The network without its classifier: images (N, 3, H, W) to pooled features (N, F).

    Args:
        info: what to build.
        img_size: input side in pixels; None keeps the size the weights were trained at.
        state_dict: weights for the size they were trained at; timm resamples the position
            embeddings to `img_size`. None leaves the random initialization.
    """
    args = info.args_at(img_size)
    try:
        return create_network(info.architecture, args, info.omitted, state_dict=state_dict)
    except AssertionError as error:
        raise UserError(
            f"img_size is {img_size}, which {info.model_type} does not accept ({error}); "
            "choose a multiple of its patch size, such as 112 or 224."
        ) from None


def create_network(
    architecture: str,
    args: Mapping[str, Any],
    omitted: Sequence[str] = (),
    device: str = "cpu",
    state_dict: Mapping[str, Tensor] | None = None,
) -> nn.Module:
    """timm's network of that name, without its classifier and the omitted modules.

    The one way to timm for values that a file may have set.

    Args:
        architecture: its name.
        args: of timm's function for it.
        omitted: modules that are replaced by an identity.
        device: `meta` allocates no memory for the weights.
        state_dict: weights, as for `build_backbone`; None leaves the random initialization.

    Raises:
        UserError: as `check_network`.
    """
    check_network(architecture, args, omitted)
    weights: dict[str, Any] = {}
    if state_dict is not None:
        weights = {"pretrained": True, "pretrained_cfg_overlay": {"state_dict": state_dict}}
    network = _create(architecture, device, **args, **weights)
    for name in omitted:
        network.get_submodule(name)  # raises for an unknown name, which would be added
        network.set_submodule(name, nn.Identity())
    return network


def _create(name: str, device: str, **args: Any) -> nn.Module:
    with torch.device(device), warnings.catch_warnings():
        # timm warns when it maps an old name to a new one; the resolved tag records that.
        warnings.filterwarnings("ignore", message="Mapping deprecated model name")
        return timm.create_model(name, num_classes=0, **args)


def feature_count(backbone: nn.Module) -> int:
    """F, the width of the pooled features; `num_features` of timm ignores layers of some heads."""
    return int(getattr(backbone, "head_hidden_size", None) or cast(int, backbone.num_features))
