"""Backbones of timm: resolve a name to its architecture and weights, and build the network."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import timm
import torch
from timm.data.constants import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from torch import Tensor, nn

from emotion.core.errors import UserError
from emotion.core.text import shorten
from emotion.data.preprocessing import Preprocessing
from emotion.models.model_names import suggest
from emotion.models.network_args import check_network


@dataclass(frozen=True, kw_only=True)
class BackboneInfo:
    """What is needed to build a backbone and to find its weights; stored in source.json."""

    model_type: str  # the name as the user wrote it
    tag: str  # architecture.weights; the weights behind a bare timm name change between versions
    architecture: str  # a network that timm registers
    args: dict[str, Any] = field(default_factory=dict)  # of timm's function for it
    omitted: tuple[str, ...] = ()  # its modules that are left out
    mean: tuple[float, float, float]  # of the normalization, RGB in 0..1
    std: tuple[float, float, float]
    interpolation: str  # bicubic, bilinear ...: how images were resized in pretraining
    needs_img_size: bool  # the architecture is built for one input size (ViT and similar)
    license: str  # of the pretrained weights
    revision: str = ""  # commit of the repository of the Hub that `model_type` names
    folded_norms: bool = False  # no BatchNorm statistics in the weights: recover_batchnorm.py

    def preprocessing(self, img_size: int, grayscale: bool) -> Preprocessing:
        """The preprocessing for an input of `img_size` pixels per side.

        Raises:
            ValueError: a value is out of range.
        """
        return Preprocessing(
            img_size=img_size,
            mean=self.mean,
            std=self.std,
            interpolation=self.interpolation,
            grayscale=grayscale,
        )

    def args_at(self, img_size: int | None) -> dict[str, Any]:
        """Arguments of timm's function for an input of `img_size` pixels per side.

        None keeps the size of the weights.
        """
        given = img_size is not None and self.needs_img_size
        return self.args | ({"img_size": img_size} if given else {})


def resolve_timm_name(model_type: str) -> BackboneInfo:
    """Look up a name in timm, without loading weights or allocating parameters.

    Raises:
        UserError: timm has no such model; the hint names the closest ones.
    """
    if not timm.is_model(model_type):
        hint = suggest(model_type) or "list timm's names with `emotion backbones '*'`"
        raise unusable_model(model_type, f"timm {timm.__version__} has no such model", hint)
    try:
        network = _create(model_type, device="meta")
    except RuntimeError as error:  # of an unknown tag
        raise unusable_model(model_type, str(error), suggest(model_type)) from None
    config = cast(dict[str, Any], network.pretrained_cfg)
    architecture = config["architecture"]
    tag = ".".join(part for part in (architecture, config["tag"]) if part)
    return describe_config(config, model_type=model_type, tag=tag, architecture=architecture)


def unusable_model(model_type: str, reason: str, hint: str = "") -> UserError:
    """The error of a `model_type` that cannot be used.

    Args:
        model_type: as the user wrote it.
        reason: a clause.
        hint: what to do; empty if there is nothing better than another model.
    """
    reason = f"which cannot be used: {reason.removesuffix('.')}"
    hint = hint or "choose a model that `emotion backbones` lists"
    return UserError(f"model_type is {shorten(model_type)!r}, {reason}", hint, key="model_type")


def describe_config(config: Mapping[str, Any], **known: Any) -> BackboneInfo:
    """A BackboneInfo from a `pretrained_cfg` of timm; missing values are timm's defaults.

    Args:
        config: of the weights, from timm or from the config.json of a repository.
        known: the other fields of BackboneInfo; they take precedence.
    """
    mean, std = config.get("mean"), config.get("std")
    fields: dict[str, Any] = {
        "mean": IMAGENET_DEFAULT_MEAN if mean is None else tuple(mean),
        "std": IMAGENET_DEFAULT_STD if std is None else tuple(std),
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

    Raises:
        UserError: the architecture does not accept the input size, or timm does not have it.
    """
    args = info.args_at(img_size)
    try:
        return create_network(info.architecture, args, info.omitted, state_dict=state_dict)
    except AssertionError as error:
        raise UserError(
            f"img_size is {img_size}, which {info.model_type} does not accept ({error})",
            "choose a multiple of its patch size, such as 112 or 224",
            key="train.img_size",
        ) from None
    except ValueError as error:  # of a source.json that another version of timm resolved
        hint = "run `dvc repro pretrained_weights`"
        raise unusable_model(info.model_type, str(error), hint) from None


def create_network(
    architecture: str,
    args: Mapping[str, Any],
    omitted: Sequence[str] = (),
    device: str = "cpu",
    state_dict: Mapping[str, Tensor] | None = None,
) -> nn.Module:
    """timm's network of that name, without its classifier and the omitted modules.

    All values that come from a file reach timm through this function, which checks them.

    Args:
        architecture: its name.
        args: of timm's function for it.
        omitted: modules that are replaced by an identity.
        device: `meta` allocates no memory for the weights.
        state_dict: weights, as for `build_backbone`; None leaves the random initialization.

    Returns:
        images (N, 3, H, W) to pooled features (N, F), float32.

    Raises:
        ValueError: as `check_network`.
    """
    check_network(architecture, args, omitted)
    weights: dict[str, Any] = {}
    if state_dict is not None:
        weights = {"pretrained": True, "pretrained_cfg_overlay": {"state_dict": state_dict}}
    network = _create(architecture, device, **args, **weights)
    for name in omitted:
        network.get_submodule(name)  # raises for an unknown name, which set_submodule would add
        network.set_submodule(name, nn.Identity())
    return network


def _create(name: str, device: str, **args: Any) -> nn.Module:
    with torch.device(device), warnings.catch_warnings():
        # timm warns when it maps an old name to a new one; the resolved tag records that.
        warnings.filterwarnings("ignore", message="Mapping deprecated model name")
        return timm.create_model(name, num_classes=0, **args)


def check_features(backbone: nn.Module, img_size: int) -> None:
    """Check that the network maps an image to pooled features, without memory for either.

    Args:
        backbone: on the device `meta`; it is left in evaluation mode.
        img_size: side of its input, pixels.

    Raises:
        ValueError: it gives something else, such as a map of features.
        Exception: of many kinds, by timm: it cannot take the image.
    """
    with torch.device("meta"), torch.no_grad():
        shape = tuple(backbone.eval()(torch.empty(1, 3, img_size, img_size)).shape)
    if shape != (expected := (1, feature_count(backbone))):
        raise ValueError(f"its network gives {shape} for an image, but should give {expected}")


def feature_count(backbone: nn.Module) -> int:
    """F, the width of the pooled features (N, F).

    `num_features` of timm leaves out the layers that some of its heads have before the classifier.
    """
    return int(getattr(backbone, "head_hidden_size", None) or cast(int, backbone.num_features))
