"""Baselines that every method has to beat: a random map and a center prior.

Neither depends on the prediction. Faces are aligned, and eyes and mouth are near the center of the
image, so the center prior, a centered Gaussian, scores well above a random map.
"""

import hashlib

import numpy as np
from torch import Tensor, nn

from emotion.explanation.methods.attribution import Attribution, ExplainerOptions, scale_maps
from emotion.explanation.methods.resizing import enlarge

_CELLS = 7  # as coarse as a map of Grad-CAM: scattered pixels would disturb the network more
_WIDTH = 0.25  # standard deviation of the center prior, in sides of the image


def explain_at_random(
    model: nn.Module,  # noqa: ARG001
    images: Tensor,
    targets: Tensor,  # noqa: ARG001
    options: ExplainerOptions,
) -> Attribution:
    """A random map of 7 x 7 cells, another one for each image.

    Args:
        model: not used.
        images: float32 (N, 3, H, W); equal images have equal maps.
        targets: not used.
        options: its `seed` is used.
    """
    maps = [_sample_map(image, options.seed) for image in images.cpu().numpy()]
    return Attribution(title="random", maps=scale_maps(enlarge(np.stack(maps), images.shape[-2:])))


def explain_center(
    model: nn.Module,  # noqa: ARG001
    images: Tensor,
    targets: Tensor,  # noqa: ARG001
    options: ExplainerOptions,  # noqa: ARG001
) -> Attribution:
    """The center prior; arguments are those of `explain_at_random`, of which `images` are used."""
    axes = [np.linspace(-0.5, 0.5, side) / _WIDTH for side in images.shape[-2:]]
    bumps = [np.exp(-(axis**2) / 2) for axis in axes]
    maps = np.repeat(np.outer(*bumps)[None], len(images), axis=0)
    return Attribution(title="center", maps=scale_maps(maps))


def _sample_map(image: np.ndarray, seed: int) -> np.ndarray:
    # From the content, so that a map depends on neither the order nor the number of the images.
    digest = hashlib.sha256(image.tobytes()).digest()
    rng = np.random.default_rng([seed, int.from_bytes(digest[:8], "big")])
    return rng.random((_CELLS, _CELLS))
