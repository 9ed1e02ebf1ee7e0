import numpy as np

from emotion.drawing.identity import draw_identity, skin_color

LUMA = np.array([0.299, 0.587, 0.114])


def test_a_seed_is_a_person():
    first, again, other = (draw_identity(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert repr(first) == repr(again) != repr(other)


def test_skin_gets_darker_from_step_to_step_of_the_monk_scale():
    luma = [skin_color(tone) @ LUMA for tone in range(1, 11)]
    # The scale's own steps 1 to 3 differ in hue more than in lightness.
    assert luma[2:] == sorted(luma[2:], reverse=True)
    assert min(luma[:3]) > luma[3]
    assert all(
        (skin_color(tone) >= 0).all() and (skin_color(tone) <= 255).all() for tone in range(1, 11)
    )


def test_a_crowd_shows_every_attribute():
    crowd = [draw_identity(np.random.default_rng(seed)) for seed in range(400)]
    assert {who.skin_tone for who in crowd} == set(range(1, 11))
    assert {who.age for who in crowd} == {"young", "adult", "old"}
    assert {who.glasses for who in crowd} == {"none", "round", "square"}
    assert {who.beard for who in crowd} == {"none", "stubble", "moustache", "full"}
    assert all(who.beard == "none" for who in crowd if who.feminine or who.age == "young")
