"""SHAP by expected gradients, with the measured gap between the map's sum and what it explains.

Gradients along straight lines from background pictures to the picture, times the difference,
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

    def forward(self, pictures: Tensor) -> Tensor:
        return self.model(pictures)[:, self.index, None]


def explain_shap(
    model: nn.Module, pictures: Tensor, targets: Tensor, sampling: Sampling
) -> Attribution:
    """Expected gradients of the class's logit, summed over the colour channels.

    Args:
        model: pictures to logits; left as it was.
        pictures: normalised (N, 3, H, W).
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
        differences = model(pictures) - model(sampling.background).mean(dim=0)
    maps, gaps = [], []
    triples = zip(pictures.split(1), targets.tolist(), differences.tolist(), strict=True)
    progress = tqdm(triples, total=len(pictures), desc="SHAP", unit="picture", leave=False)
    for picture, target, difference in progress:
        one_logit.index = target
        values = explainer.shap_values(picture, nsamples=sampling.shap_samples, rseed=sampling.seed)
        maps.append(values[0, ..., 0].sum(axis=0))
        gap = abs(maps[-1].sum() - difference[target])
        gaps.append(gap / max(abs(difference[target]), 1e-6))
    return Attribution(
        title="SHAP",
        maps=scale_maps(np.stack(maps)),
        details={"additivity_gap": np.array(gaps)},
    )
