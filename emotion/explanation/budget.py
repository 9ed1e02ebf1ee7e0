"""Choose how many test images are scored, from the network and the settings, not from a clock.

A measured time would give other images, and other bytes, in each run. So the time of a forward pass
is estimated from the number of multiplications. The estimate was fitted to two cores at 112 pixels:
230 images/s of tf_efficientnet_lite0, 68 of resnet50, 17 of convnext_base, 15 of
vit_base_patch16_224. Other machines differ, the number of images does not.
"""

from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from emotion.explanation.methods import BASELINES, SAMPLING
from emotion.explanation.params import ExplainParams

_SECONDS_PER_FORWARD, _FLOPS_PER_SECOND = 0.003, 140e9
_GRADIENT = 3  # forward passes that take as long as one pass with its gradient
_SCORING = 6  # forward passes of deletion and insertion
_STEPS = 16  # of integrated gradients
SINGLE_PER_SAMPLING = 6
# Whatever the budget: with fewer images, intervals are too wide for a verdict.
MIN_IMAGES, MIN_SAMPLING_IMAGES = 24, 8


@dataclass(frozen=True, kw_only=True)
class ImageCounts:
    """Images that are drawn, and images per method."""

    probes: int  # drawn with the maps of all methods
    single: int  # methods of one pass per image, and the baselines
    sampling: int  # methods of many passes, and ROAD of all methods


def count_images(
    model: nn.Module, img_size: int, rows: int, probes: int, params: ExplainParams
) -> ImageCounts:
    """Divide the budget so that methods of many passes get one image in SINGLE_PER_SAMPLING.

    Args:
        model: images (N, 3, H, W) to logits (N, C).
        img_size: side of its input, pixels.
        rows: images of the test split, an upper limit.
        probes: images that are drawn with the maps of all methods, a lower limit.
        params: its `methods`, `budget_s`, `shap_samples` and `lime_samples` are used.
    """
    single = [name for name in params.methods if name not in SAMPLING]
    sampling = [name for name in params.methods if name in SAMPLING]
    passes = len(BASELINES) * _SCORING + len(single) * (_GRADIENT + _SCORING)
    passes_sampling = sum(_passes_of(name, params) + _SCORING for name in sampling)
    per_image = passes + passes_sampling / SINGLE_PER_SAMPLING
    affordable = int(params.budget_s / (per_image * estimate_seconds(model, img_size)))
    count = min(rows, max(MIN_IMAGES, probes, affordable))
    fewer = max(MIN_SAMPLING_IMAGES, probes, affordable // SINGLE_PER_SAMPLING)
    return ImageCounts(probes=probes, single=count, sampling=min(count, fewer))


def estimate_seconds(model: nn.Module, img_size: int) -> float:
    """Estimated time of a forward pass of one image (1, 3, H, W) on two cores, in seconds."""
    image = torch.zeros(1, 3, img_size, img_size, device=next(model.parameters()).device)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(image)
    return _SECONDS_PER_FORWARD + counter.get_total_flops() / _FLOPS_PER_SECOND


def _passes_of(name: str, params: ExplainParams) -> int:
    passes = {
        "integrated_gradients": _GRADIENT * _STEPS,
        "shap_values": _GRADIENT * params.shap_samples,
        "lime_superpixels": params.lime_samples,
    }
    return passes[name]
