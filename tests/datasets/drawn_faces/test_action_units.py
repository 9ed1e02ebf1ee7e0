"""Expressions are sampled around their prototypes."""

import numpy as np
import pytest

from emotion.data.labels import RECIPE_CLASSES, SYNONYMS
from emotion.datasets.drawn_faces.action_units import (
    PROTOTYPES,
    UNITS,
    prototype,
    sample_expression,
)


def samples(label: str, difficulty: float, count: int = 200) -> list:
    return [
        sample_expression(label, np.random.default_rng(seed), difficulty) for seed in range(count)
    ]


def test_every_class_has_a_prototype_of_known_units():
    assert set(RECIPE_CLASSES) <= set(PROTOTYPES) <= set(SYNONYMS)
    assert {unit for units in PROTOTYPES.values() for unit in units} <= set(UNITS)


@pytest.mark.parametrize("label", sorted(set(PROTOTYPES) - {"neutral"}))
def test_the_core_unit_is_always_active_and_evidence(label):
    for expression, evidence in samples(label, difficulty=1.0):
        assert PROTOTYPES[label][0] in evidence
        assert max(expression.units[PROTOTYPES[label][0]]) > 0.0


def test_stray_units_are_never_evidence():
    strays = 0
    for label in PROTOTYPES:
        for expression, evidence in samples(label, difficulty=1.0, count=50):
            assert set(evidence) <= set(PROTOTYPES[label])
            strays += len(set(expression.units) - set(evidence))
    assert strays > 100


def test_intensities_are_between_0_and_1():
    for label in PROTOTYPES:
        for expression, _ in samples(label, difficulty=1.0, count=50):
            assert all(0.0 <= side <= 1.0 for sides in expression.units.values() for side in sides)


def test_zero_difficulty_gives_full_symmetric_prototypes():
    for expression, evidence in samples("fearful", difficulty=0.0, count=20):
        assert expression == prototype("fearful")
        assert evidence == tuple(sorted(PROTOTYPES["fearful"]))


def test_difficulty_weakens_expressions():
    def mean(difficulty: float) -> float:
        return np.mean([e.mean(12) for e, _ in samples("happy", difficulty)])

    assert mean(0.0) > mean(0.5) + 0.1 > mean(1.0) + 0.2


def test_contempt_is_one_sided():
    for expression, _ in samples("contempt", difficulty=0.0, count=20):
        assert expression.units[12] == (1.0, 0.0)
