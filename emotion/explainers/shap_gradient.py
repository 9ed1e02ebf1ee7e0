"""SHAP by expected gradients, with the measured additivity gap.

Gradients along straight lines from background images to the image, times their difference,
averaged (Erion et al., 2021). DeepExplainer would need fewer passes, but it fails on in-place
residual additions and is far from additive with LayerNorm.
"""

import copy

import numpy as np
import shap
import torch
from torch import Tensor, nn
from tqdm import tqdm

from emotion.explainers.attribution import Attribution, Sampling, scale_maps

_BATCH = 16  # samples per backward pass


class _OneLogit(nn.Module):
    """The logit of one class, (N, 1), so no time is spent on the other classes."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.index = 0

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.model(images)
        return logits[:, self.index, None]


def explain_shap(
    model: nn.Module, images: Tensor, targets: Tensor, sampling: Sampling
) -> Attribution:
    """Expected gradients of the class's logit, summed over the color channels.

    Args:
        model: images to logits; not modified.
        images: normalized (N, 3, H, W).
        targets: the class to explain, (N,).
        sampling: its `background`, `shap_samples` and `seed` are used.

    Returns:
        Signed maps. Detail `additivity_gap` is |sum of the map - d| / |d|, where d is the logit
        minus its mean over the background. It decreases with more samples; 0 is exact.
    """
    # A copy, because SHAP does not remove its hooks if it fails.
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
