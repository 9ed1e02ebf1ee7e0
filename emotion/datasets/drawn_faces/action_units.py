"""Sample the expression of a face as FACS action units, from the prototype of each emotion.

The prototypes follow Ekman and Friesen's EMFACS table. `sample_expression` causes most of the
difficulty of the dataset: weak, asymmetric and incomplete prototypes, with stray units, which are
active units that do not belong to the emotion.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

LEFT, RIGHT = 0, 1  # sides of the image, not of the person's body; nothing is mirrored


# Each action unit, and its sampling weight as a stray unit.
UNITS = {
    1: 1.0,  # inner brow raiser
    2: 1.0,  # outer brow raiser
    4: 1.5,  # brow lowerer
    5: 0.7,  # upper lid raiser
    6: 0.7,  # cheek raiser
    7: 1.0,  # lid tightener
    9: 0.4,  # nose wrinkler
    10: 0.5,  # upper lip raiser
    12: 0.6,  # lip corner puller
    14: 0.8,  # dimpler
    15: 0.8,  # lip corner depressor
    16: 0.5,  # lower lip depressor
    17: 1.0,  # chin raiser
    20: 0.5,  # lip stretcher
    23: 0.8,  # lip tightener
    25: 1.5,  # lips part
    26: 0.7,  # jaw drop
    43: 0.6,  # eyes closed
}

# First the unit that is always active: without it the emotion cannot be recognized.
PROTOTYPES: dict[str, tuple[int, ...]] = {
    "angry": (4, 5, 7, 23),
    "contempt": (12, 14),
    "disgust": (9, 15, 16),
    "fearful": (20, 1, 2, 4, 5, 7, 25),
    "happy": (12, 6, 25),
    "neutral": (),
    "sad": (15, 1, 4),
    "surprised": (26, 1, 2, 5),
}
_OPEN_SMILE_SHARE = 0.55  # share of smiles that show teeth


@dataclass(frozen=True)
class Expression:
    """Intensities in 0..1 of the active units, one per side of the image."""

    units: Mapping[int, tuple[float, float]]

    def at(self, unit: int, side: int) -> float:
        """Return the intensity on one side; 0 if the unit is inactive."""
        return self.units.get(unit, (0.0, 0.0))[side]

    def mean(self, unit: int) -> float:
        """Return the mean over both sides, for features that a face has only once."""
        return sum(self.units.get(unit, (0.0, 0.0))) / 2


def prototype(label: str, intensity: float = 1.0) -> Expression:
    """Return the full prototype of an emotion; all are symmetric except contempt."""
    sides = (intensity, 0.0) if label == "contempt" else (intensity, intensity)
    return Expression(dict.fromkeys(sorted(PROTOTYPES[label]), sides))


def sample_expression(
    label: str, rng: np.random.Generator, difficulty: float
) -> tuple[Expression, tuple[int, ...]]:
    """Sample an expression of an emotion as a person might show it.

    Args:
        label: a key of PROTOTYPES.
        rng: the generator of this image.
        difficulty: 0 gives clear, symmetric prototypes; 1 gives faint ones with stray units.

    Returns:
        The expression, and those of its units that are evidence for the label (no stray units).
    """
    strength = max(0.2, 1.0 - 1.2 * difficulty * rng.random() ** 1.2)
    units: dict[int, tuple[float, float]] = {}
    for unit in sorted(PROTOTYPES[label]):
        teeth = (label, unit) == ("happy", 25)
        probability = _OPEN_SMILE_SHARE if teeth else 1.0 - 0.24 * difficulty
        shown = rng.random() < probability or unit == PROTOTYPES[label][0]
        peak = strength * rng.uniform(1.0 - 0.7 * difficulty, 1.0)
        sides = _sample_asymmetry(rng, difficulty)
        if shown:
            units[unit] = tuple((peak * sides).tolist())
    if label == "contempt":
        units = {unit: (left, 0.0) for unit, (left, _) in units.items()}
    evidence = tuple(units)
    for unit in _sample_strays(rng, difficulty):
        if unit not in PROTOTYPES[label]:
            peak = rng.uniform(0.1, 0.2 + 0.5 * difficulty)
            units[unit] = tuple((peak * _sample_asymmetry(rng, difficulty)).tolist())
    return Expression(units), evidence


def _sample_asymmetry(rng: np.random.Generator, difficulty: float) -> np.ndarray:
    factors = np.ones(2)
    factors[rng.integers(2)] -= 0.6 * difficulty * rng.random() ** 2
    return factors


def _sample_strays(rng: np.random.Generator, difficulty: float) -> list[int]:
    weights = np.array(list(UNITS.values()))
    count = rng.binomial(3, min(1.0, 0.75 * difficulty))
    strays = rng.choice(list(UNITS), size=count, replace=False, p=weights / weights.sum())
    return strays.tolist()
