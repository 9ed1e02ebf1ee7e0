"""timm backbones: what a name resolves to, and the network built from it."""

import difflib
import warnings
from dataclasses import dataclass
from typing import Any, cast

import timm
import torch
from torch import nn

from emotion.core.errors import UserError
from emotion.core.preprocessing import Preprocessing


@dataclass(frozen=True, kw_only=True)
class BackboneInfo:
    """What the pipeline knows of a backbone before it is built."""

    model_type: str  # the name as the user wrote it
    tag: str  # architecture.weights: a bare timm name floats, this one does not
    mean: tuple[float, float, float]  # of the normalization, RGB in 0..1
    std: tuple[float, float, float]
    interpolation: str  # bicubic, bilinear ...: how images were resized in pretraining
    needs_img_size: bool  # the architecture is built for one input size (ViT and similar)
    license: str  # of the pretrained weights

    def preprocessing(self, img_size: int, grayscale: bool) -> Preprocessing:
        """What the network expects at an input size, pixels."""
        return Preprocessing(
            img_size=img_size,
            mean=self.mean,
            std=self.std,
            interpolation=self.interpolation,
            grayscale=grayscale,
        )


def resolve_backbone(model_type: str) -> BackboneInfo:
    """Look up a timm name, without loading weights or allocating parameters.

    Raises:
        UserError: timm has no such model; the message suggests the closest ones.
    """
    config = cast(dict[str, Any], _create(model_type, device="meta").pretrained_cfg)
    return BackboneInfo(
        model_type=model_type,
        tag=".".join(part for part in (config["architecture"], config["tag"]) if part),
        mean=tuple(config["mean"]),
        std=tuple(config["std"]),
        interpolation=config["interpolation"],
        needs_img_size=bool(config["fixed_input_size"]),
        license=config.get("license") or "unknown",
    )


def build_backbone(
    info: BackboneInfo,
    img_size: int | None = None,
    state_dict: dict[str, torch.Tensor] | None = None,
) -> nn.Module:
    """The network without its classifier: images (N, 3, H, W) to pooled features (N, F).

    Args:
        info: from `resolve_backbone`.
        img_size: input side in pixels; None keeps the size the weights were trained at.
        state_dict: weights for the size they were trained at; timm resamples the position
            embeddings to `img_size`. None leaves the random initialization.
    """
    kwargs: dict[str, Any] = {"img_size": img_size} if img_size and info.needs_img_size else {}
    if state_dict is not None:
        kwargs |= {"pretrained": True, "pretrained_cfg_overlay": {"state_dict": state_dict}}
    try:
        return _create(info.tag, device="cpu", **kwargs)
    except AssertionError as error:
        raise UserError(
            f"img_size is {img_size}, which {info.model_type} does not accept ({error}); "
            "choose a multiple of its patch size, such as 112 or 224."
        ) from None


def feature_count(backbone: nn.Module) -> int:
    """F, the width of the pooled features; `num_features` of timm ignores layers of some heads."""
    return int(getattr(backbone, "head_hidden_size", None) or cast(int, backbone.num_features))


def _create(model_type: str, device: str, **kwargs: Any) -> nn.Module:
    if not timm.is_model(model_type):
        near = difflib.get_close_matches(model_type, timm.list_models(), n=3, cutoff=0.6)
        hint = f"did you mean {' or '.join(near)}?" if near else "see timm.list_models()."
        raise UserError(f"model_type is {model_type!r}, which timm does not know; {hint}")
    with torch.device(device), warnings.catch_warnings():
        # timm warns when it maps an old name to a new one; the resolved tag records that.
        warnings.filterwarnings("ignore", message="Mapping deprecated model name")
        try:
            return timm.create_model(model_type, num_classes=0, **kwargs)
        except RuntimeError as error:
            raise UserError(f"model_type is {model_type!r}: {error}") from None
