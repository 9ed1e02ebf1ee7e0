"""The expression of a face as FACS action units, and the prototype units of each emotion.

The prototypes follow Ekman and Friesen's EMFACS table. `sample_expression` causes most of the
difficulty of the corpus: weak, asymmetric and incomplete prototypes, with stray units, which are
active units that do not belong to the emotion.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

LEFT, RIGHT = 0, 1  # sides of the image, not of the person's body; nothing is mirrored


@dataclass(frozen=True)
class ActionUnit:
    """A unit's name, and its sampling weight as a stray unit."""

    name: str
    stray: float = 0.0


UNITS = {
    1: ActionUnit("inner brow raiser", stray=1.0),
    2: ActionUnit("outer brow raiser", stray=1.0),
    4: ActionUnit("brow lowerer", stray=1.5),
    5: ActionUnit("upper lid raiser", stray=0.7),
    6: ActionUnit("cheek raiser", stray=0.7),
    7: ActionUnit("lid tightener", stray=1.0),
    9: ActionUnit("nose wrinkler", stray=0.4),
    10: ActionUnit("upper lip raiser", stray=0.5),
    12: ActionUnit("lip corner puller", stray=0.6),
    14: ActionUnit("dimpler", stray=0.8),
    15: ActionUnit("lip corner depressor", stray=0.8),
    16: ActionUnit("lower lip depressor", stray=0.5),
    17: ActionUnit("chin raiser", stray=1.0),
    20: ActionUnit("lip stretcher", stray=0.5),
    23: ActionUnit("lip tightener", stray=0.8),
    25: ActionUnit("lips part", stray=1.5),
    26: ActionUnit("jaw drop", stray=0.7),
    43: ActionUnit("eyes closed", stray=0.6),
}

PROTOTYPES: dict[str, tuple[int, ...]] = {
    "angry": (4, 5, 7, 23),
    "contempt": (12, 14),
    "disgust": (9, 15, 16),
    "fearful": (1, 2, 4, 5, 7, 20, 25),
    "happy": (6, 12, 25),
    "neutral": (),
    "sad": (1, 4, 15),
    "surprised": (1, 2, 5, 26),
}
# The unit that is always active: without it the emotion cannot be recognized.
CORE = {
    "angry": 4,
    "contempt": 12,
    "disgust": 9,
    "fearful": 20,
    "happy": 12,
    "sad": 15,
    "surprised": 26,
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
    return Expression(dict.fromkeys(PROTOTYPES[label], sides))


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
    for unit in PROTOTYPES[label]:
        probability = (
            _OPEN_SMILE_SHARE if (label, unit) == ("happy", 25) else 1.0 - 0.24 * difficulty
        )
        shown = rng.random() < probability or unit == CORE[label]
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
    weights = np.array([unit.stray for unit in UNITS.values()])
    count = rng.binomial(3, min(1.0, 0.75 * difficulty))
    strays = rng.choice(list(UNITS), size=count, replace=False, p=weights / weights.sum())
    return strays.tolist()
