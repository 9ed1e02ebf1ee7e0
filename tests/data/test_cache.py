"""The cache holds each picture once, upright, squared, in the order asked for."""

import numpy as np
import pytest
from PIL import Image

from emotion.core.errors import UserError
from emotion.data.cache import cache_pictures, cached_side


def test_pictures_come_in_the_order_of_their_paths(tmp_path):
    paths = []
    for value in (30, 200, 90):
        paths.append(str(tmp_path / f"{value}.png"))
        Image.new("L", (20, 20), value).save(paths[-1])
    cache = cache_pictures(paths, 32, "bicubic", "test")
    assert cache.shape == (3, 3, cached_side(32), cached_side(32))
    assert cache[:, 1, 5, 5].tolist() == [30, 200, 90]


def test_a_wide_picture_keeps_its_centre_square(tmp_path):
    picture = np.zeros((40, 120, 3), dtype=np.uint8)
    picture[:, 40:80] = (10, 120, 250)
    Image.fromarray(picture).save(tmp_path / "wide.png")
    cache = cache_pictures([str(tmp_path / "wide.png")], 32, "bilinear", "test")
    assert cache[0, :, 18, 18].tolist() == [10, 120, 250]
    assert cache[0, 2, :, 1:-1].min() > 240  # none of the black sides


def test_a_picture_that_vanished_is_named(tmp_path):
    with pytest.raises(UserError, match=r"gone\.png is missing"):
        cache_pictures([str(tmp_path / "gone.png")], 32, "bilinear", "test")
