"""timm backbones by name: what a name resolves to, and the network built from it."""

import difflib
import warnings
from dataclasses import dataclass
from typing import Any

import timm
import torch
from torch import nn

from emotion.core.errors import UserError


@dataclass(frozen=True, kw_only=True)
class BackboneFacts:
    """What the pipeline must know of a backbone before it is built."""

    model_type: str  # the name as the user wrote it
    tag: str  # architecture.weights: a bare timm name floats, this one does not
    mean: list[float]  # of the normalization, RGB in 0..1
    std: list[float]
    interpolation: str  # bicubic, bilinear ...: how pretraining resized its images
    needs_img_size: bool  # the architecture is built for one input size (ViT and kin)
    license: str  # of the pretrained weights


def resolve_backbone(model_type: str) -> BackboneFacts:
    """Look a timm name up, without its weights and without allocating its parameters.

    Raises:
        UserError: timm has no such model; the message names the nearest ones.
    """
    config = _create(model_type, device="meta").pretrained_cfg
    return BackboneFacts(
        model_type=model_type,
        tag=".".join(part for part in (config["architecture"], config["tag"]) if part),
        mean=list(config["mean"]),
        std=list(config["std"]),
        interpolation=config["interpolation"],
        needs_img_size=bool(config["fixed_input_size"]),
        license=config.get("license") or "unknown",
    )


def build_backbone(
    facts: BackboneFacts,
    img_size: int | None = None,
    state_dict: dict[str, torch.Tensor] | None = None,
) -> nn.Module:
    """The network without its classifier: images (N, 3, H, W) to pooled features (N, F).

    Args:
        facts: from `resolve_backbone`.
        img_size: input side in pixels; None keeps the size the weights were trained at.
        state_dict: weights for the size they were trained at; timm resamples the position
            embeddings to `img_size`. None leaves the random initialization.
    """
    kwargs = {"img_size": img_size} if img_size and facts.needs_img_size else {}
    if state_dict is not None:
        kwargs |= {"pretrained": True, "pretrained_cfg_overlay": {"state_dict": state_dict}}
    try:
        return _create(facts.tag, device="cpu", **kwargs)
    except AssertionError as error:
        raise UserError(
            f"img_size is {img_size}, which {facts.model_type} cannot take ({error}); "
            "choose a multiple of its patch size, such as 112 or 224."
        ) from None


def feature_count(backbone: nn.Module) -> int:
    """F, the width of the pooled features; timm's num_features stops before some heads."""
    return getattr(backbone, "head_hidden_size", None) or backbone.num_features


def _create(model_type: str, device: str, **kwargs: Any) -> nn.Module:
    if not timm.is_model(model_type):
        near = difflib.get_close_matches(model_type, timm.list_models(), n=3, cutoff=0.6)
        hint = f"did you mean {' or '.join(near)}?" if near else "see timm.list_models()."
        raise UserError(f"model_type is {model_type!r}, which timm does not know; {hint}")
    with torch.device(device), warnings.catch_warnings():
        # timm warns that an old name was mapped to a new one; the resolved tag records that.
        warnings.filterwarnings("ignore", message="Mapping deprecated model name")
        try:
            return timm.create_model(model_type, num_classes=0, **kwargs)
        except RuntimeError as error:
            raise UserError(f"model_type is {model_type!r}: {error}") from None
