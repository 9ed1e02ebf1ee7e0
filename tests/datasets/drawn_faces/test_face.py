"""A face has the same pixels for the same seed, and changes where its evidence is."""

from dataclasses import replace

import numpy as np
import pytest

from emotion.datasets.drawn_faces import face as face_module
from emotion.datasets.drawn_faces.accessories import OCCLUDERS
from emotion.datasets.drawn_faces.action_units import PROTOTYPES, Expression, prototype
from emotion.datasets.drawn_faces.face import draw_face
from emotion.datasets.drawn_faces.identity import FEMININE_HAIR, MASCULINE_HAIR, sample_identity
from tests.datasets.drawn_faces.conftest import NEUTRAL

pytestmark = pytest.mark.slow


def draw(person, expression, scene, difficulty=0.0, seed=0):
    rng = np.random.default_rng(seed)
    return draw_face(person, expression, expression.units, scene, rng, difficulty)


def test_the_same_seed_gives_the_same_pixels_and_another_seed_does_not(person, studio):
    first, again, other = (draw(person, NEUTRAL, studio, 0.5, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.image, again.image)
    assert (first.image != other.image).any()


@pytest.mark.parametrize("unit", [1, 2, 4, 5, 7, 9, 12, 15, 20, 25, 26])
def test_the_changes_of_a_unit_lie_mostly_in_its_evidence(studio, unit):
    # A young face: in an old one every unit also deepens wrinkles elsewhere.
    person = replace(
        sample_identity(np.random.default_rng(3)), beard="none", glasses="none", lines=0
    )
    rest = draw(person, NEUTRAL, studio).image.astype(float)
    moved = draw(person, Expression({unit: (1.0, 1.0)}), studio)
    change = np.abs(moved.image - rest).sum(axis=2)
    assert change.sum() > 1_000
    inside = change[moved.evidence > 127].sum() / change.sum()
    area = (moved.evidence > 127).mean()
    assert inside > max(0.5, 4 * area)


@pytest.mark.parametrize("label", sorted(set(PROTOTYPES) - {"neutral"}))
def test_emotions_look_different_from_a_neutral_face(person, studio, label):
    rest = draw(person, NEUTRAL, studio).image.astype(float)
    assert np.abs(draw(person, prototype(label), studio).image - rest).max() > 40


@pytest.mark.parametrize("style", sorted({*FEMININE_HAIR, *MASCULINE_HAIR}))
@pytest.mark.parametrize("beard", ["none", "stubble", "moustache", "full"])
def test_every_style_of_hair_and_beard_can_be_drawn(person, studio, style, beard):
    dressed = replace(person, hair_style=style, beard=beard, glasses="round")
    assert draw(dressed, NEUTRAL, studio).image.std() > 10


@pytest.mark.parametrize("kind", sorted(OCCLUDERS))
def test_every_occluder_can_be_drawn(person, studio, kind):
    bare = draw(person, NEUTRAL, studio)
    hidden = draw(person, NEUTRAL, replace(studio, occluder=kind))
    assert 0.01 < (hidden.image != bare.image).any(axis=2).mean() < 0.6


def cover_with(monkeypatch, top: float) -> None:
    """Make every occluder hide the face from `top` (face units) down."""
    cover = np.array([(-1.0, top), (1.0, top), (1.0, 1.0), (-1.0, 1.0)])
    monkeypatch.setattr(face_module, "sample_occluder", lambda *_: [cover])


def test_evidence_behind_an_occluder_is_removed_from_the_mask(person, studio, monkeypatch):
    cover_with(monkeypatch, top=0.45)
    bare = draw(person, prototype("happy"), studio)
    hidden = draw(person, prototype("happy"), replace(studio, occluder="bar"))
    assert (hidden.image != bare.image).any()
    assert 0.4 * bare.evidence.sum() <= hidden.evidence.sum() < bare.evidence.sum()


def test_an_occluder_that_would_hide_most_of_the_evidence_is_not_drawn(person, studio, monkeypatch):
    cover_with(monkeypatch, top=-0.5)
    bare = draw(person, prototype("happy"), studio)
    result = draw(person, prototype("happy"), replace(studio, occluder="bar"))
    np.testing.assert_array_equal(result.image, bare.image)
    np.testing.assert_array_equal(result.evidence, bare.evidence)
