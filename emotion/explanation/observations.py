"""Describe in sentences which face regions the maps mark, by class and by confusion."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emotion.data.face_regions import LEVELS

MIN_IMAGES = 5  # of a class; with fewer, there is no sentence
_MIN_CONFUSED = 3  # images of a confusion
_REGIONS = 2  # named in a sentence


@dataclass(frozen=True, kw_only=True)
class RegionShares:
    """Means over some images, by region, in 0..1."""

    mass: dict[str, float]  # share of the positive attribution
    area: dict[str, float]  # share of the image: chance


def observe(
    maps: np.ndarray,
    regions: np.ndarray,
    labels: Sequence[str],
    predicted: Sequence[str],
    class_names: Sequence[str],
    title: str,
) -> list[str]:
    """One sentence per class that is predicted often enough, and one per frequent confusion.

    Args:
        maps: of the predicted class, (N, H, W).
        regions: uint8 (N, H, W), values of LEVELS, or 0.
        labels: the true class of each image, (N,).
        predicted: the class that its map explains, (N,).
        class_names: the order of the sentences.
        title: name of the method.
    """
    true, explained = np.array(labels), np.array(predicted)
    sentences = []
    for name in class_names:
        chosen = explained == name
        if chosen.sum() >= MIN_IMAGES:
            shares = measure_shares(maps[chosen], regions[chosen])
            sentences.append(f"{name} ({chosen.sum()} images): {_words(shares, title)}.")
    for name in class_names:
        for other in class_names:
            chosen = (true == name) & (explained == other)
            if name != other and chosen.sum() >= _MIN_CONFUSED:
                shares = measure_shares(maps[chosen], regions[chosen])
                sentences.append(
                    f"{name} taken for {other} ({chosen.sum()} images): {_words(shares, title)}."
                )
    return sentences


def measure_shares(maps: np.ndarray, regions: np.ndarray) -> RegionShares:
    """Share of the positive attribution, and of the image, in each region.

    Args:
        maps: (N, H, W); blank ones are left out.
        regions: uint8 (N, H, W), values of LEVELS, or 0.
    """
    positive = np.maximum(maps, 0).astype(np.float64)
    total = positive.sum(axis=(1, 2))
    shown = total > 0
    mass, area = {}, {}
    for name, level in LEVELS.items():
        inside = regions == level
        shares = (positive * inside).sum(axis=(1, 2))[shown] / total[shown]
        mass[name] = float(shares.mean()) if shown.any() else 0.0
        area[name] = float(inside.mean())
    return RegionShares(mass=mass, area=area)


def _words(shares: RegionShares, title: str) -> str:
    """The regions with the most mass above chance."""
    excess = {name: shares.mass[name] - shares.area[name] for name in shares.mass}
    most = sorted(excess, key=lambda name: -excess[name])[:_REGIONS]
    named = [
        f"{shares.mass[name]:.0%} on the {name} (chance {shares.area[name]:.0%})"
        for name in most
        if excess[name] > 0
    ]
    mass, area = (1 - sum(values.values()) for values in (shares.mass, shares.area))
    named.append(f"{mass:.0%} elsewhere (chance {area:.0%})")
    return f"of the {title} mass, {', '.join(named)}"
