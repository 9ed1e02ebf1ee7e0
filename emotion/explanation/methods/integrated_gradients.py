"""Integrated gradients (Sundararajan et al., 2017) from a blurred copy to the image.

The usual baseline, a black image, would give dark brows and pupils no attribution. The blur removes
what an expression consists of: edges, folds, the shape of the mouth.
"""

import copy

import numpy as np
from torch import Tensor, nn

from emotion.explanation.methods.attribution import Attribution, ExplainerOptions, scale_maps
from emotion.explanation.methods.resizing import remove_features, smooth
from emotion.models.parallel import map_on_cores

# Of Gauss-Legendre quadrature. The sum misses the logit by a third, with 64 steps by 5 %, but the
# scores of the maps are the same within 0.02.
_STEPS = 16


def explain_integrated_gradients(
    model: nn.Module,
    images: Tensor,
    targets: Tensor,
    options: ExplainerOptions,  # noqa: ARG001
) -> Attribution:
    """Integrated gradients of the class's logit, summed over the color channels and smoothed.

    Args:
        model: images to logits, in evaluation mode; not modified.
        images: normalized float32 (N, 3, H, W).
        targets: the class to explain, int64 (N,).
        options: not used; the method is deterministic.

    Returns:
        Signed maps. The detail `additivity_gap` is |sum of the values - d| / |d|, where d is the
        logit of the image minus that of its blurred copy.
    """
    blurred = remove_features(images)
    from captum.attr import IntegratedGradients

    # captum's method has no state, and its gradients are those of the images only.
    method = IntegratedGradients(copy.deepcopy(model))

    def explain_one(item: tuple[Tensor, Tensor, int]) -> tuple[np.ndarray, float]:
        image, baseline, target = item
        values, missed = method.attribute(
            image,
            baseline,
            target=target,
            n_steps=_STEPS,
            internal_batch_size=_STEPS,
            return_convergence_delta=True,
        )
        difference = float(values.sum()) - float(missed)
        gap = abs(float(missed)) / max(abs(difference), 1e-6)
        return values[0].sum(dim=0).detach().cpu().numpy(), gap

    items = zip(images.split(1), blurred.split(1), targets.tolist(), strict=True)
    maps, gaps = zip(*map_on_cores(explain_one, list(items)), strict=True)
    return Attribution(
        title="integrated gradients",
        maps=scale_maps(smooth(np.stack(maps))),
        details={"additivity_gap": np.array(gaps)},
    )
