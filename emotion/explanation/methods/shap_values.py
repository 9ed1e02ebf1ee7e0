"""SHAP values of the pixels, with the measured additivity gap.

DeepExplainer propagates differences to the background through the network (Shrikumar et al., 2017).
It supports only some layers: it fails on in-place residual additions, and with LayerNorm its values
are far from adding up. So it is tried on a few images, and used only if its values add up there.
GradientExplainer works for every network: expected gradients, that is, gradients along straight
lines from background images to the image, times their difference, averaged (Erion et al., 2021).
"""

import copy
import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from emotion.explanation.methods.attribution import Attribution, ExplainerOptions, scale_maps
from emotion.explanation.methods.resizing import smooth

MAX_DEEP_GAP = 0.05  # largest median additivity gap at which DeepExplainer is used
_TRIED = 2  # background images that DeepExplainer is tried on
_BATCH = 24  # samples per backward pass

# (model, images (N, 3, H, W), class indices (N,), options) to values (N, H, W)
_Method = Callable[[nn.Module, Tensor, Tensor, ExplainerOptions], np.ndarray]


class _OneLogit(nn.Module):
    """The logit of one class, (N, 1), so no time is spent on the other classes."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        # A copy, because SHAP does not remove its hooks if it fails.
        self.model = copy.deepcopy(model)
        self.index = 0

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.model(images)
        return logits[:, self.index, None]


def explain_shap(
    model: nn.Module, images: Tensor, targets: Tensor, options: ExplainerOptions
) -> Attribution:
    """SHAP values of the class's logit, summed over the color channels and smoothed.

    Args:
        model: images to logits, in evaluation mode; not modified.
        images: normalized float32 (N, 3, H, W).
        targets: the class to explain, int64 (N,).
        options: its `background`, `shap_samples` and `seed` are used.

    Returns:
        Signed maps. Single values are noise of both signs, so neighbors are averaged with a
        Gaussian. The detail `additivity_gap` is |sum of the values - d| / |d|, where d is the logit
        minus its mean over the background; 0 is exact. The gap of GradientExplainer decreases with
        more samples.
    """
    method, note = _choose_method(model, options)
    values = method(model, images, targets, options)
    return Attribution(
        title="SHAP",
        maps=scale_maps(smooth(values)),
        details={"additivity_gap": _gaps(model, images, targets, values, options)},
        note=note,
    )


def _choose_method(model: nn.Module, options: ExplainerOptions) -> tuple[_Method, str]:
    """DeepExplainer if its values add up on background images; and the note of the choice.

    The first background images are explained against the others: the choice must not depend on the
    images that a caller happens to explain together.
    """
    images, others = options.background[:_TRIED], options.background[_TRIED:]
    if not len(others):
        return _gradient_values, "GradientExplainer"
    options = replace(options, background=others)
    with torch.no_grad():
        targets = model(images).argmax(dim=1)
    try:
        values = _deep_values(model, images, targets, options)
    except Exception:  # the type depends on the architecture
        return _gradient_values, "GradientExplainer, because DeepExplainer fails on this network"
    gap = float(np.median(_gaps(model, images, targets, values, options)))
    if gap <= MAX_DEEP_GAP:
        return _deep_values, "DeepExplainer"
    return _gradient_values, f"GradientExplainer, because DeepExplainer misses its sum by {gap:.0%}"


def _deep_values(
    model: nn.Module, images: Tensor, targets: Tensor, options: ExplainerOptions
) -> np.ndarray:
    """Values (N, H, W) of DeepExplainer."""
    import shap

    one_logit = _OneLogit(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of unsupported layers; the gap measures their effect
        explainer = shap.DeepExplainer(one_logit, options.background)
        values = []
        for image, target in zip(images.split(1), targets.tolist(), strict=True):
            one_logit.index = target
            values.append(_sum_channels(explainer.shap_values(image, check_additivity=False)))
    return np.stack(values)


def _gradient_values(
    model: nn.Module, images: Tensor, targets: Tensor, options: ExplainerOptions
) -> np.ndarray:
    """Values (N, H, W) of GradientExplainer."""
    import shap

    one_logit = _OneLogit(model)
    explainer = shap.GradientExplainer(one_logit, options.background, batch_size=_BATCH)
    values = []
    pairs = zip(images.split(1), targets.tolist(), strict=True)
    for image, target in tqdm(pairs, total=len(images), desc="SHAP", unit="image", leave=False):
        one_logit.index = target
        # Samples are drawn with the same seed for each image, so a map depends on no other image.
        found = explainer.shap_values(image, nsamples=options.shap_samples, rseed=options.seed)
        values.append(_sum_channels(found))
    return np.stack(values)


def _sum_channels(values: np.ndarray) -> np.ndarray:
    """Values (1, 3, H, W, 1) of one image and one output, summed to (H, W)."""
    return np.asarray(values[0, ..., 0].sum(axis=0))


@torch.no_grad()
def _gaps(
    model: nn.Module,
    images: Tensor,
    targets: Tensor,
    values: np.ndarray,
    options: ExplainerOptions,
) -> np.ndarray:
    """Relative distance of the sum of values (N, H, W) from what they should add up to, (N,)."""
    differences = model(images) - model(options.background).mean(dim=0)
    expected = differences[range(len(targets)), targets].cpu().numpy()
    missed = np.abs(values.sum(axis=(1, 2)) - expected)
    return np.asarray(missed / np.maximum(np.abs(expected), 1e-6))
