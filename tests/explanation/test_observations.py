"""Sentences are computed from the maps."""

import numpy as np
import pytest

from emotion.data.face_regions import LEVELS
from emotion.explanation.observations import measure_shares, observe


@pytest.fixture
def regions():
    """The upper quarter is eyes, the lower half is mouth."""
    mask = np.zeros((8, 8), dtype=np.uint8)
    mask[:2], mask[4:] = LEVELS["eyes"], LEVELS["mouth"]
    return np.repeat(mask[None], 6, axis=0)


def maps_on(rows, count=6):
    maps = np.zeros((count, 8, 8), dtype=np.float32)
    maps[:, rows] = 1
    return maps


def test_shares_are_of_the_positive_mass_and_of_the_area(regions):
    maps = maps_on([0, 4, 5, 6])
    maps[:, 2] = -5
    shares = measure_shares(maps, regions)
    assert shares.mass["eyes"] == pytest.approx(0.25)
    assert shares.mass["mouth"] == pytest.approx(0.75)
    assert shares.area["eyes"] == pytest.approx(0.25)
    assert shares.mass["chin"] == shares.area["chin"] == 0


def test_blank_maps_are_left_out(regions):
    maps = maps_on([0])
    maps[1:] = 0
    assert measure_shares(maps, regions).mass["eyes"] == 1
    assert measure_shares(maps * 0, regions).mass["eyes"] == 0


def sentences(regions, labels):
    """Of maps on the eyes that are all predicted happy."""
    count, names = len(labels), ["happy", "sad"]
    return observe(
        maps_on([0, 1], count), regions[:count], labels, ["happy"] * count, names, "LIME"
    )


def test_a_sentence_per_class_and_per_frequent_confusion(regions):
    end = "of the LIME mass, 100% on the eyes (chance 25%), 0% elsewhere (chance 25%)."
    assert sentences(regions, ["happy"] * 3 + ["sad"] * 3) == [
        f"happy (6 images): {end}",
        f"sad taken for happy (3 images): {end}",
    ]


def test_few_images_give_no_sentence(regions):
    assert not sentences(regions, ["happy", "sad", "sad", "happy"])
