"""What an explainer is given and what it returns, so that all methods can be scored alike."""

from dataclasses import dataclass, field

import numpy as np
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """What the sampling methods draw from, and how much; Grad-CAM needs none of it."""

    background: Tensor  # (B, 3, H, W), normalized: the images SHAP compares with
    shap_samples: int = 32  # gradients an image
    lime_samples: int = 300  # masked copies an image
    seed: int = 0  # fixed, so that maps of two experiments differ by the model alone


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """One method's maps of N images."""

    title: str  # the method, as a figure names it
    maps: np.ndarray  # float32 (N, H, W) in -1..1; positive speaks for the class; 0 is blank
    details: dict[str, np.ndarray] = field(default_factory=dict)  # a number an image, (N,)
    layer: str = ""  # where Grad-CAM read the network


def scale_maps(maps: np.ndarray) -> np.ndarray:
    """Scale each map (N, H, W) to a largest magnitude of 1; a blank one stays 0.

    A map with a value that is not finite becomes blank: Grad-CAM++ divides by a sum that can
    vanish, and a map in ruins is no evidence.
    """
    finite = np.isfinite(maps).all(axis=(1, 2), keepdims=True)
    maps = np.where(finite, maps, 0.0)
    peak = np.abs(maps).max(axis=(1, 2), keepdims=True)
    return (maps / np.where(peak > 0, peak, 1.0)).astype(np.float32)
