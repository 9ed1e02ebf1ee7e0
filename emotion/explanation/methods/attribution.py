"""The interface of all explainers: one signature, so that methods can be compared."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor, nn


class NotApplicableError(Exception):
    """A method cannot explain this architecture; the message says why."""


@dataclass(frozen=True, kw_only=True)
class ExplainerOptions:
    """Settings and reference images of the methods."""

    background: Tensor  # float32 (B, 3, H, W), normalized: the reference images of SHAP
    shap_samples: int = 24  # gradients per image
    lime_samples: int = 120  # masked copies per image
    target_layer: str = ""  # of the Grad-CAM family, a module of the backbone; "" chooses one
    seed: int = 0  # fixed, so the maps of two experiments differ only because of the model


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """One method's maps of N images."""

    title: str  # name of the method in figures
    maps: np.ndarray  # float32 (N, H, W) in -1..1; positive supports the class; blank is all 0
    details: dict[str, np.ndarray] = field(default_factory=dict)  # by name, float (N,)
    note: str = ""  # how the maps were made, for the report: a layer, or a variant


# (model, normalized images (N, 3, H, W), class indices (N,), options) to maps of the N images
Explainer = Callable[[nn.Module, Tensor, Tensor, ExplainerOptions], Attribution]


def scale_maps(maps: np.ndarray) -> np.ndarray:
    """Scale each map to a maximum magnitude of 1; a blank map stays 0.

    A map with a non-finite value becomes blank: Grad-CAM++ divides by a sum that can be 0, and such
    a map carries no information.

    Args:
        maps: float (N, H, W).

    Returns:
        float32 (N, H, W) in -1..1.
    """
    finite = np.isfinite(maps).all(axis=(1, 2), keepdims=True)
    maps = np.where(finite, maps, 0.0)
    peak = np.abs(maps).max(axis=(1, 2), keepdims=True)
    return np.asarray(maps / np.where(peak > 0, peak, 1.0), dtype=np.float32)
