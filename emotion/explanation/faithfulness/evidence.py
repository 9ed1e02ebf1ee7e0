"""Relevance mass accuracy and pointing game: does a map mark the known evidence?

The evidence is the mask of where the expression of a drawn face shows, of all action units or of
one. Relevance mass accuracy (Arras et al., 2022), *mass* for short: the share of the positive
attribution inside the mask. Pointing game (Zhang et al., 2018): is the strongest pixel inside the
mask? A map that does not depend on the image gets the share of the area in both, on average.
"""

import math
from typing import NamedTuple

import numpy as np

from emotion.data.face_regions import LEVELS, UNIT_REGIONS


class EvidenceScores(NamedTuple):
    """One value per image, float64 (N,); NaN where the map or the mask is empty."""

    mass: np.ndarray  # relevance mass accuracy, in 0..1
    pointing: np.ndarray  # pointing game, 1 or 0
    area: np.ndarray  # share of the image that the mask covers, in 0..1


def score_evidence(maps: np.ndarray, evidence: np.ndarray) -> EvidenceScores:
    """Compare maps with masks.

    Args:
        maps: float (N, H, W); positive values support the class.
        evidence: bool (N, H, W).
    """
    positive = np.maximum(maps, 0).astype(np.float64)
    total = positive.sum(axis=(1, 2))
    area = evidence.mean(axis=(1, 2))
    defined = (total > 0) & (area > 0)
    inside = (positive * evidence).sum(axis=(1, 2))
    mass = np.divide(inside, total, out=np.full(len(maps), math.nan), where=defined)
    strongest = positive.reshape(len(maps), -1).argmax(axis=1)
    hit = evidence.reshape(len(maps), -1)[np.arange(len(maps)), strongest]
    return EvidenceScores(
        mass=mass,
        pointing=np.where(defined, hit, math.nan),
        area=np.where(defined, area, math.nan),
    )


def unit_masks(evidence: np.ndarray, regions: np.ndarray, unit: int) -> np.ndarray:
    """The part of the evidence that an action unit makes visible, bool (N, H, W).

    Args:
        evidence: bool (N, H, W), of all units together.
        regions: uint8 (N, H, W), values of `face_regions.LEVELS`.
        unit: its number.
    """
    return evidence & np.isin(regions, [LEVELS[name] for name in UNIT_REGIONS[unit]])
