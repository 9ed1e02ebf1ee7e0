"""People differ in all attributes, and the same seed gives the same person."""

import numpy as np

from emotion.datasets.drawn_faces.identity import sample_identity, skin_color

LUMA = np.array([0.299, 0.587, 0.114])


def test_the_same_seed_gives_the_same_person():
    first, again, other = (sample_identity(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert repr(first) == repr(again) != repr(other)


def test_skin_gets_darker_along_the_monk_scale():
    luma = [skin_color(tone) @ LUMA for tone in range(1, 11)]
    # The scale's own steps 1 to 3 differ in hue more than in lightness.
    assert luma[2:] == sorted(luma[2:], reverse=True)
    assert min(luma[:3]) > luma[3]
    assert all(
        (skin_color(tone) >= 0).all() and (skin_color(tone) <= 255).all() for tone in range(1, 11)
    )


def test_every_attribute_value_is_sampled():
    people = [sample_identity(np.random.default_rng(seed)) for seed in range(400)]
    assert {person.skin_tone for person in people} == set(range(1, 11))
    assert {person.age for person in people} == {"young", "adult", "old"}
    assert {person.glasses for person in people} == {"none", "round", "square"}
    assert {person.beard for person in people} == {"none", "stubble", "moustache", "full"}
    assert all(
        person.beard == "none" for person in people if person.feminine or person.age == "young"
    )
