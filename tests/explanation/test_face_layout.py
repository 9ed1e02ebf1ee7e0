"""The standard regions lie where the network's view has the parts of a face."""

from dataclasses import replace

import numpy as np
import pytest

from emotion.data.face_crop import TEMPLATE
from emotion.data.face_regions import LEVELS
from emotion.explanation.face_layout import draw_layout
from tests.conftest import preprocessing_of

PARTS = ("eyes", "eyes", "nose", "mouth", "mouth")  # of the points of TEMPLATE


@pytest.mark.parametrize("img_size", [48, 96, 112, 160, 224])
def test_the_view_of_an_image_as_it_is_is_the_middle_of_its_regions(img_size):
    preprocessing = preprocessing_of(img_size, resize_scale=1.14)
    side = preprocessing.resized_side
    whole = draw_layout(replace(preprocessing, img_size=side, resize_scale=1.0))
    assert whole.shape == (side, side)
    assert (preprocessing.center_crop(whole) == draw_layout(preprocessing)).all()


@pytest.mark.parametrize("margin", [0.85, 1.0, 1.5])
def test_an_aligned_face_has_eyes_nose_and_mouth_in_their_regions(margin):
    crop = {"faces": "aligned", "face_margin": margin}
    mask = draw_layout(preprocessing_of(224, **crop))
    points = 224 * (0.5 + (TEMPLATE - 0.5) / margin)
    for (x, y), part in zip(points, PARTS, strict=True):
        near = mask[int(y) - 6 : int(y) + 7, int(x) - 6 : int(x) + 7]
        assert (near == LEVELS[part]).any(), part


def test_a_wider_margin_makes_the_face_smaller():
    tight, wide = (
        np.count_nonzero(draw_layout(preprocessing_of(224, faces="box", face_margin=margin)))
        for margin in (1.0, 2.0)
    )
    assert wide == pytest.approx(tight / 4, rel=0.05)
