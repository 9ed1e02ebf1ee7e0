"""Nuisance factors grow with the difficulty."""

import numpy as np

from emotion.datasets.drawn_faces.nuisance import degrade, sample_scene


def test_zero_difficulty_changes_nothing():
    image = np.random.default_rng(0).integers(0, 256, (48, 48, 3)).astype(np.float32)
    np.testing.assert_array_equal(degrade(image, np.random.default_rng(1), 0.0), image)
    scene = sample_scene(64, np.random.default_rng(1), 0.0)
    assert (scene.projection.yaw, scene.projection.roll, scene.occluder) == (0.0, 0.0, None)


def test_higher_difficulty_degrades_more():
    image = np.full((64, 64, 3), 128, dtype=np.float32)

    def damage(difficulty: float) -> float:
        degraded = [degrade(image, np.random.default_rng(i), difficulty) for i in range(40)]
        return float(np.mean([np.abs(other - image).mean() for other in degraded]))

    assert 1.0 < damage(0.3) < damage(0.9)


def test_some_images_lose_their_color():
    image = np.random.default_rng(0).uniform(60, 190, (32, 32, 3)).astype(np.float32)
    degraded = [degrade(image, np.random.default_rng(i), 1.0) for i in range(60)]
    gray = [np.ptp(other, axis=2).max() == 0 for other in degraded]
    assert 0.1 < np.mean(gray) < 0.7


def test_the_lamp_is_always_in_front_of_the_face():
    for seed in range(50):
        light = sample_scene(64, np.random.default_rng(seed), 1.0).light
        assert light[2] > 0.5
        np.testing.assert_allclose(np.linalg.norm(light), 1.0)
