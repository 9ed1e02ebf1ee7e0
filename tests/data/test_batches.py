"""Batches of a split are the evaluation views of its images, in order."""

import numpy as np
import pytest
import torch

from emotion.data.batches import load_batches
from emotion.data.cache import CachedImages, CacheParams, open_images
from emotion.data.face import FaceImage
from emotion.data.transforms import preprocess_batch
from tests.conftest import preprocessing_of
from tests.user_errors import user_error


@pytest.mark.parametrize("channels", [1, 3])
def test_each_batch_has_the_views_of_its_rows(channels):
    preprocessing = preprocessing_of(32, grayscale=channels == 1, mean=(0.5, 0.4, 0.3))
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (7, channels, 36, 36), generator=generator, dtype=torch.uint8)
    rows = [np.array([5, 0, 5]), np.array([6])]
    found = list(load_batches(CachedImages(images), preprocessing, rows))
    for views, indices in zip(found, rows, strict=True):
        assert torch.equal(views, preprocess_batch(images[indices], preprocessing))
        assert (views.dtype, views.shape) == (torch.float32, (len(indices), 3, 32, 32))
        assert views.is_contiguous(memory_format=torch.channels_last)


def test_images_are_read_batch_by_batch(striped_rows, tmp_path):
    """A split that does not fit into memory must not be read ahead of its use."""
    files = [FaceImage(striped_rows["path"][0]), FaceImage(str(tmp_path / "gone.png"))]
    images = open_images(files, preprocessing_of(32), CacheParams(cache="off", workers=0))
    batches = load_batches(images, preprocessing_of(32), [np.array([0]), np.array([1])])
    assert next(batches).shape == (1, 3, 32, 32)
    with user_error(file="gone.png"):
        next(batches)
