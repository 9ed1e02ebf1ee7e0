"""LIME: mask superpixels at random, and fit a linear model of the class's probability.

Ribeiro et al., 2016. The local model is that of the lime package. The masked copies are made here,
because lime's own image loop copies one image at a time in numpy and its samples are not seeded.
"""

import numpy as np
import torch
from skimage.segmentation import slic
from torch import Tensor, nn
from tqdm import tqdm

from emotion.explanation.methods.attribution import Attribution, ExplainerOptions, scale_maps
from emotion.models.parallel import forward_batches

_SEGMENTS = 50
_KERNEL_WIDTH = 0.25  # of lime's image explainer, for cosine distances
_TOP = 5  # segments that `seed_agreement` compares


def explain_lime(
    model: nn.Module, images: Tensor, targets: Tensor, options: ExplainerOptions
) -> Attribution:
    """Weights of superpixels in a local linear model; a masked one has its mean color.

    Args:
        model: images to logits, in evaluation mode; not modified.
        images: normalized float32 (N, 3, H, W).
        targets: the class to explain, int64 (N,).
        options: its `lime_samples` and `seed` are used.

    Returns:
        Signed maps, constant in each superpixel. Details: `r2` of the local model on its own
        samples, and `seed_agreement`: the intersection over union of the five strongest superpixels
        found with two seeds. Near 0, the map is mostly chance. Each seed has half of the samples,
        and the map is fitted to all, so the map itself is more stable than that.
    """
    maps, r2, agreement = [], [], []
    pairs = zip(images, targets.tolist(), strict=True)
    for image, target in tqdm(pairs, total=len(images), desc="LIME", unit="image", leave=False):
        segments = _superpixels(image)
        seeds = (2 * options.seed, 2 * options.seed + 1)
        size = (options.lime_samples // 2, segments.max() + 1)
        halves = [np.random.default_rng(seed).integers(0, 2, size) for seed in seeds]
        for half in halves:
            half[0] = 1  # LIME expects the unmasked image first
        shown = np.concatenate(halves)
        probabilities = _probabilities(model, image, segments, shown, target)
        weights, score = _fit(shown, probabilities)
        parts = zip(halves, np.split(probabilities, 2), strict=True)
        maps.append(weights[segments])
        r2.append(score)
        agreement.append(_overlap(*(_fit(*part)[0] for part in parts)))
    return Attribution(
        title="LIME",
        maps=scale_maps(np.stack(maps)),
        details={"r2": np.array(r2), "seed_agreement": np.array(agreement)},
    )


def _superpixels(image: Tensor) -> np.ndarray:
    """About 50 segments of an image (3, H, W), numbered from 0, (H, W)."""
    # Without blur and compactness, SLIC merges a noisy photograph into one segment.
    pixels = image.permute(1, 2, 0).cpu().numpy()
    sigma = max(pixels.shape) / 80
    return np.asarray(slic(pixels, _SEGMENTS, compactness=20, sigma=sigma, start_label=0))


def _probabilities(
    model: nn.Module, image: Tensor, segments: np.ndarray, shown: np.ndarray, target: int
) -> np.ndarray:
    """The class's probability for each row of `shown` (samples, segments), 1 where visible."""
    index = torch.from_numpy(segments).to(image.device)
    masked = image.clone()
    for segment in range(shown.shape[1]):
        inside = index == segment
        masked[:, inside] = image[:, inside].mean(dim=1, keepdim=True)

    def forward(visible: Tensor) -> Tensor:
        logits: Tensor = model(torch.where(visible[:, index].unsqueeze(1), image, masked))
        return logits.softmax(dim=1)[:, target]

    visible = torch.from_numpy(shown.astype(bool)).to(image.device)
    return forward_batches(forward, visible).cpu().numpy()


def _fit(shown: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, float]:
    """Weight of each segment in the local model, (segments,), and the model's weighted R²."""
    distances = 1 - np.sqrt(shown.mean(axis=1))  # cosine distance to the image itself
    from lime.lime_base import LimeBase

    local = LimeBase(lambda d: np.sqrt(np.exp(-(d**2) / _KERNEL_WIDTH**2)))
    segments = shown.shape[1]
    _, pairs, r2, _ = local.explain_instance_with_data(
        shown, probabilities[:, None], distances, 0, segments, feature_selection="none"
    )
    weights = np.zeros(segments)
    for segment, weight in pairs:
        weights[segment] = weight
    return weights, r2


def _overlap(first: np.ndarray, second: np.ndarray) -> float:
    top, other = (set(np.argsort(-weights, kind="stable")[:_TOP]) for weights in (first, second))
    return len(top & other) / len(top | other)
