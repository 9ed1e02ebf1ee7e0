"""Attention rollout (Abnar and Zuidema, 2020): which image patches reach the class token.

Each layer mixes the tokens by its attention, averaged over the heads, and passes them on unchanged
by the residual connection. The product of these mixtures over all layers says how much of each
patch arrives. It does not depend on the class: the map is the same for all of them.
"""

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from emotion.explanation.methods.attribution import (
    Attribution,
    ExplainerOptions,
    NotApplicableError,
    scale_maps,
)
from emotion.explanation.methods.resizing import enlarge

_BATCH = 16  # images per forward pass


def explain_attention_rollout(
    model: nn.Module,
    images: Tensor,
    targets: Tensor,  # noqa: ARG001
    options: ExplainerOptions,  # noqa: ARG001
) -> Attribution:
    """Rollout of the attention to the class token, or to the mean over all tokens without one.

    Args:
        model: an EmotionClassifier in evaluation mode; not modified.
        images: normalized float32 (N, 3, H, W).
        targets: not used.
        options: not used.

    Raises:
        NotApplicableError: the backbone is not a plain vision transformer.

    Returns:
        Maps without a sign.
    """
    model = copy.deepcopy(model)
    backbone: Any = model.backbone
    height, width = getattr(getattr(backbone, "patch_embed", None), "grid_size", None) or (0, 0)
    blocks = list(getattr(backbone, "blocks", []))
    has_attention = [hasattr(getattr(block, "attn", None), "attn_drop") for block in blocks]
    if not height * width or not all(has_attention):
        raise NotApplicableError("it needs the attention of a plain vision transformer")
    attentions = _record_attentions(blocks)
    prefix = getattr(backbone, "num_prefix_tokens", 0)
    by_class_token = prefix > 0 and getattr(backbone, "global_pool", "token") == "token"
    arrivals = []
    for batch in images.split(_BATCH):
        attentions.clear()
        with torch.no_grad():
            model(batch)
        flow = roll_out(attentions)
        arrived = flow[:, 0] if by_class_token else flow[:, prefix:].mean(dim=1)
        arrivals.append(arrived[:, prefix:].unflatten(1, (height, width)).cpu().numpy())
    cells = np.concatenate(arrivals)
    # Some of every patch arrives: what is above the smallest share is the map.
    cells -= cells.min(axis=(1, 2), keepdims=True)
    return Attribution(
        title="attention rollout", maps=scale_maps(enlarge(cells, images.shape[-2:]))
    )


def _record_attentions(blocks: list[Any]) -> list[Tensor]:
    """A list to which each forward pass appends the attention of each block, (N, T, T)."""
    attentions: list[Tensor] = []
    for block in blocks:
        block.attn.fused_attn = False  # the fused kernel does not return the attention
        block.attn.attn_drop.register_forward_hook(
            lambda _module, _inputs, output: attentions.append(output.mean(dim=1))
        )
    return attentions


def roll_out(attentions: list[Tensor]) -> Tensor:
    """Product of the mixtures of all layers (Abnar and Zuidema, 2020, section 3).

    Args:
        attentions: one (N, T, T) per layer, from the first to the last, in 0..1; rows sum to 1.

    Returns:
        (N, T, T); row t says how much of each token of the input is in token t of the output.
    """
    flow = torch.eye(attentions[0].shape[-1], device=attentions[0].device)
    for attention in attentions:
        identity = torch.eye(attention.shape[-1], device=attention.device)
        flow = (attention + identity) / 2 @ flow
    return flow
