"""Masks cover what the action units move."""

import numpy as np
import pytest

from emotion.data.face_regions import LEVELS, UNIT_REGIONS
from emotion.datasets.drawn_faces.action_units import PROTOTYPES, UNITS, Expression, prototype
from emotion.datasets.drawn_faces.canvas import Projection
from emotion.datasets.drawn_faces.evidence import draw_evidence, draw_regions
from emotion.datasets.drawn_faces.landmarks import compute_landmarks
from tests.datasets.drawn_faces.conftest import NEUTRAL

FRONT = Projection(size=112)


def mask_of(person, expression: Expression, occluders=()) -> np.ndarray:
    marks = compute_landmarks(person, expression)
    return draw_evidence(marks, expression, expression.units, FRONT, occluders)


def test_a_neutral_face_has_no_evidence(person):
    assert not mask_of(person, NEUTRAL).any()


def test_mask_values_are_0_or_255(person):
    for label in PROTOTYPES:
        assert set(np.unique(mask_of(person, prototype(label)))) <= {0, 255}


@pytest.mark.parametrize("unit", sorted(UNITS))
def test_every_unit_marks_a_part_of_the_face_but_not_most_of_it(person, unit):
    share = (mask_of(person, Expression({unit: (1.0, 1.0)})) > 127).mean()
    assert 0.01 < share < 0.25


@pytest.mark.parametrize(
    ("unit", "landmark"),
    [
        (1, lambda m: m.brows[:, 0]),
        (2, lambda m: m.brows[:, 3]),
        (5, lambda m: m.irises),
        (9, lambda m: m.nose_tip[None]),
        (12, lambda m: m.corners),
        (15, lambda m: m.corners),
        (25, lambda m: m.lower_lip),
        (26, lambda m: m.chin[None] - (0.0, 0.05)),
    ],
)
def test_the_mask_covers_the_landmarks_that_the_unit_moves_in_any_pose(person, unit, landmark):
    expression = Expression({unit: (1.0, 1.0)})
    marks = compute_landmarks(person, expression)
    for projection in (FRONT, Projection(112, yaw=0.4, pitch=-0.2, roll=0.3, shift=(0.05, -0.05))):
        mask = draw_evidence(marks, expression, [unit], projection)
        for x, y in np.rint(projection(landmark(marks))).astype(int):
            assert mask[y, x] == 255


def test_only_the_active_side_is_evidence(person):
    mask = mask_of(person, Expression({12: (1.0, 0.0)}))
    assert mask[:, :50].any()
    assert not mask[:, 62:].any()


def test_faint_units_are_not_evidence(person):
    assert not mask_of(person, Expression({12: (0.05, 0.05)})).any()


def test_occluded_pixels_are_not_evidence(person):
    cover = np.array([(-1.0, 0.4), (1.0, 0.4), (1.0, 1.0), (-1.0, 1.0)])
    smile = prototype("happy")
    hidden = mask_of(person, smile) > mask_of(person, smile, [cover])
    rows = np.flatnonzero(hidden.any(axis=1))
    assert rows.min() > 56 + 0.3 * FRONT.unit
    assert mask_of(person, smile, [cover]).any()


def test_every_unit_of_the_renderer_has_regions():
    assert set(UNITS) == set(UNIT_REGIONS)
    assert {region for regions in UNIT_REGIONS.values() for region in regions} == set(LEVELS)


def test_every_region_is_where_its_landmarks_are_in_any_pose(person):
    marks = compute_landmarks(person, NEUTRAL)
    for projection in (FRONT, Projection(112, yaw=0.4, pitch=-0.2, roll=0.3, shift=(0.05, -0.05))):
        mask = draw_regions(marks, projection)
        for region, points in (
            ("brows", marks.brows[:, 1]),
            ("eyes", marks.irises),
            ("nose", marks.nose_tip[None]),
            ("mouth", marks.corners),
        ):
            for x, y in np.rint(projection(points)).astype(int):
                assert mask[y, x] == LEVELS[region]


def test_the_evidence_of_a_unit_is_in_its_regions(person):
    for unit, regions in UNIT_REGIONS.items():
        expression = Expression({unit: (1.0, 1.0)})
        marks = compute_landmarks(person, expression)
        evidence = draw_evidence(marks, expression, [unit], FRONT) > 0
        inside = np.isin(draw_regions(marks, FRONT), [LEVELS[name] for name in regions])
        assert (evidence & inside).sum() > 0.6 * evidence.sum()  # regions overlap a little
