"""Every action unit moves its features as FACS describes it."""

import numpy as np
import pytest

from emotion.datasets.drawn_faces.action_units import Expression
from emotion.datasets.drawn_faces.landmarks import Landmarks, compute_landmarks
from tests.datasets.drawn_faces.conftest import NEUTRAL

INNER, OUTER, MIDDLE, CENTER = 0, 3, 2, 12


def lid_gap(marks: Landmarks) -> float:
    return (marks.lower_lids[0, MIDDLE] - marks.upper_lids[0, MIDDLE])[1]


def lip_height(marks: Landmarks) -> float:
    return (marks.lower_lip - marks.lower_inner)[CENTER, 1]


def mouth_width(marks: Landmarks) -> float:
    return marks.corners[1, 0] - marks.corners[0, 0]


def brow_gap(marks: Landmarks) -> float:
    return marks.brows[1, INNER, 0] - marks.brows[0, INNER, 0]


# Effect of a unit on a measure: +1 makes it larger, -1 smaller. y points down.
MOVES = [
    (1, lambda m: m.brows[0, INNER, 1], -1),
    (2, lambda m: m.brows[0, OUTER, 1], -1),
    (4, lambda m: m.brows[0, INNER, 1], +1),
    (4, brow_gap, -1),
    (5, lambda m: m.upper_lids[0, MIDDLE, 1], -1),
    (6, lambda m: m.lower_lids[0, MIDDLE, 1], -1),
    (7, lid_gap, -1),
    (9, lambda m: m.nose_wings[0, 1], -1),
    (10, lambda m: m.upper_lip[CENTER, 1], -1),
    (12, lambda m: m.corners[0, 1], -1),
    (12, mouth_width, +1),
    (14, lambda m: m.corners[0, 1], -1),
    (15, lambda m: m.corners[0, 1], +1),
    (16, lambda m: m.lower_inner[CENTER, 1], +1),
    (17, lambda m: m.chin[1], -1),
    (17, lambda m: m.lower_lip[CENTER, 1], -1),
    (20, mouth_width, +1),
    (23, lip_height, -1),
    (25, lambda m: m.opening, +1),
    (26, lambda m: m.chin[1], +1),
    (26, lambda m: m.opening, +1),
    (43, lid_gap, -1),
]


@pytest.mark.parametrize(("unit", "measure", "direction"), MOVES)
def test_a_unit_moves_its_landmark_in_its_direction_and_more_with_intensity(
    person, unit, measure, direction
):
    values = [
        measure(compute_landmarks(person, Expression({unit: (level, level)})))
        for level in (0.0, 0.5, 1.0)
    ]
    assert (np.diff(values) * direction > 0.002).all()


def test_sadness_tilts_the_brows_and_anger_lowers_them(person):
    def tilt(units: tuple[int, ...]) -> float:
        brow = compute_landmarks(person, Expression(dict.fromkeys(units, (1.0, 1.0)))).brows[0]
        return brow[OUTER, 1] - brow[INNER, 1]

    assert tilt((1, 4)) > tilt(()) + 0.1
    assert tilt((4,)) < tilt(()) - 0.05


def test_a_one_sided_unit_leaves_the_other_side_unchanged(person):
    rest = compute_landmarks(person, NEUTRAL)
    moved = compute_landmarks(person, Expression({2: (1.0, 0.0), 5: (1.0, 0.0)}))
    np.testing.assert_array_equal(moved.brows[1], rest.brows[1])
    np.testing.assert_array_equal(moved.upper_lids[1], rest.upper_lids[1])
    assert moved.brows[0, OUTER, 1] < rest.brows[0, OUTER, 1]


def test_a_symmetric_expression_gives_symmetric_landmarks(person):
    marks = compute_landmarks(person, Expression({1: (0.7, 0.7), 12: (0.4, 0.4)}))
    mirror = np.array([-1.0, 1.0])
    np.testing.assert_allclose(marks.brows[0], marks.brows[1] * mirror)
    np.testing.assert_allclose(marks.lower_lip, marks.lower_lip[::-1] * mirror)


@pytest.mark.parametrize("unit", [6, 7, 43])
def test_lids_never_cross(person, unit):
    units = {unit: (1.0, 1.0), 12: (1.0, 1.0), 6: (1.0, 1.0)}
    marks = compute_landmarks(person, Expression(units))
    assert (marks.lower_lids[..., 1] >= marks.upper_lids[..., 1]).all()
