"""SHAP by expected gradients, with the measured gap between the map's sum and what it explains.

Gradients along straight lines from background images to the image, times the difference,
averaged (Erion et al., 2021). DeepExplainer would need fewer passes, but it fails on in-place
residual additions and is far from additive on LayerNorm.
"""

import copy

import numpy as np
import shap
import torch
from torch import Tensor, nn
from tqdm import tqdm

from emotion.explainers.attribution import Attribution, Sampling, scale_maps

_BATCH = 16  # samples whose graph is kept at a time


class _OneLogit(nn.Module):
    """The logit of one class, (N, 1): no time is spent on the classes nobody asked about."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model
        self.index = 0

    def forward(self, images: Tensor) -> Tensor:
        return self.model(images)[:, self.index, None]


def explain_shap(
    model: nn.Module, images: Tensor, targets: Tensor, sampling: Sampling
) -> Attribution:
    """Expected gradients of the class's logit, summed over the color channels.

    Args:
        model: images to logits; left as it was.
        images: normalized (N, 3, H, W).
        targets: the class explained, (N,).
        sampling: its background, its number of samples and its seed.

    Returns:
        Signed maps; detail `additivity_gap` is |sum of the map - d| / |d|, where d is the logit
        minus its mean over the background. It shrinks with more samples; 0 is exact.
    """
    # SHAP leaves its hooks on the model if it fails.
    one_logit = _OneLogit(copy.deepcopy(model))
    explainer = shap.GradientExplainer(one_logit, sampling.background, batch_size=_BATCH)
    with torch.no_grad():
        differences = model(images) - model(sampling.background).mean(dim=0)
    maps, gaps = [], []
    triples = zip(images.split(1), targets.tolist(), differences.tolist(), strict=True)
    progress = tqdm(triples, total=len(images), desc="SHAP", unit="image", leave=False)
    for image, target, difference in progress:
        one_logit.index = target
        values = explainer.shap_values(image, nsamples=sampling.shap_samples, rseed=sampling.seed)
        maps.append(values[0, ..., 0].sum(axis=0))
        gap = abs(maps[-1].sum() - difference[target])
        gaps.append(gap / max(abs(difference[target]), 1e-6))
    return Attribution(
        title="SHAP",
        maps=scale_maps(np.stack(maps)),
        details={"additivity_gap": np.array(gaps)},
    )
