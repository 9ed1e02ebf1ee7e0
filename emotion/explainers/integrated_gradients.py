"""Integrated gradients (Sundararajan et al., 2017) from a blurred copy to the image.

The usual baseline, a black image, would make dark brows and pupils count for nothing. What the blur
removes is what an expression consists of: edges, folds, the shape of the mouth.
"""

import copy

import numpy as np
from captum.attr import IntegratedGradients
from torch import Tensor, nn
from torchvision.transforms.v2.functional import gaussian_blur

from emotion.explainers.attribution import Attribution, ExplainerOptions, scale_maps
from emotion.explainers.resizing import smooth

_STEPS = 16  # of Gauss-Legendre quadrature: the sum misses the logit by a few percent
_BATCH = 16  # steps per backward pass
_BLUR = 1 / 8  # standard deviation, in sides of the image


def explain_integrated_gradients(
    model: nn.Module,
    images: Tensor,
    targets: Tensor,
    options: ExplainerOptions,  # noqa: ARG001
) -> Attribution:
    """Integrated gradients of the class's logit, summed over the color channels and smoothed.

    Args:
        model: images to logits; not modified.
        images: normalized (N, 3, H, W).
        targets: the class to explain, (N,).
        options: not used; the method is deterministic.

    Returns:
        Signed maps. Detail `additivity_gap` is |sum of the values - d| / |d|, where d is the logit
        of the image minus that of its blurred copy.
    """
    sigma = max(images.shape[-2:]) * _BLUR
    blurred = gaussian_blur(images, kernel_size=2 * int(2 * sigma) + 1, sigma=sigma)
    method = IntegratedGradients(copy.deepcopy(model))
    maps, gaps = [], []
    for image, baseline, target in zip(images.split(1), blurred.split(1), targets, strict=True):
        values, missed = method.attribute(
            image,
            baseline,
            target=int(target),
            n_steps=_STEPS,
            internal_batch_size=_BATCH,
            return_convergence_delta=True,
        )
        total = float(values.sum())
        maps.append(values[0].sum(dim=0).detach().cpu().numpy())
        gaps.append(abs(float(missed)) / max(abs(total - float(missed)), 1e-6))
    return Attribution(
        title="integrated gradients",
        maps=scale_maps(smooth(np.stack(maps))),
        details={"additivity_gap": np.array(gaps)},
    )
