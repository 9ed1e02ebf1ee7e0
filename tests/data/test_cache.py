"""Images are decoded once or in every epoch, with the same pixels in the same order."""

import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import ValidationError

from emotion.data.cache import CacheParams, cache_images, open_images
from emotion.data.face import FaceImage
from tests.conftest import preprocessing_of
from tests.user_errors import user_error

AT_32 = preprocessing_of(32)


@pytest.fixture
def images(tmp_path):
    found = []
    for seed in range(5):
        values = np.random.default_rng(seed).integers(0, 256, (40, 44, 3), dtype=np.uint8)
        found.append(FaceImage(str(tmp_path / f"{seed}.png")))
        Image.fromarray(values).save(found[-1].path)
    return found


@pytest.mark.parametrize("grayscale", [False, True])
def test_a_cache_holds_what_preprocessing_reads_in_order(images, grayscale):
    preprocessing = preprocessing_of(32, grayscale=grayscale)
    cache = cache_images(images, preprocessing)
    assert cache.dtype == torch.uint8
    assert np.array_equal(cache, np.stack([preprocessing.read(image) for image in images]))


def test_a_cache_over_its_memory_limit_is_a_mapped_file_with_the_same_content(
    images, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    before, mapped_files = set(tmp_path.iterdir()), []
    memmap = np.memmap
    monkeypatch.setattr(
        np, "memmap", lambda *args, **kw: mapped_files.append(1) or memmap(*args, **kw)
    )
    mapped = open_images(images, AT_32, CacheParams(cache_gb=1e-6)).tensor
    assert mapped_files == [1]
    assert torch.equal(mapped, cache_images(images, AT_32))
    assert set(tmp_path.iterdir()) == before  # no file to clean up, however the process ends


WORKERS = [0, pytest.param(2, marks=pytest.mark.slow)]


@pytest.mark.parametrize("workers", WORKERS)
def test_decoding_per_batch_gives_the_same_images_as_the_cache(images, workers):
    cached = open_images(images, AT_32, CacheParams())
    decoded = open_images(images, AT_32, CacheParams(cache="off", workers=workers))
    rows = [np.array([3, 1]), np.array([0]), np.array([4, 2, 3])]
    for ours, expected in zip(decoded.batches(rows), cached.batches(rows), strict=True):
        assert torch.equal(ours, expected)
    assert len(decoded) == len(cached) == 5


@pytest.mark.parametrize("workers", WORKERS)
def test_without_a_cache_a_missing_image_is_named_when_its_batch_is_read(images, tmp_path, workers):
    settings = CacheParams(cache="off", workers=workers)
    batches = open_images(
        [*images, FaceImage(str(tmp_path / "gone.png"))], AT_32, settings
    ).batches([np.array([0, 4]), np.array([5, 1])])
    assert next(batches).shape == (2, 3, 36, 36)
    with user_error(file="gone.png") as caught:
        next(batches)
    assert "Traceback" not in str(caught.value)  # torch adds the worker's to an exception


def test_with_a_cache_a_missing_image_is_named_at_once(images, tmp_path):
    with user_error(file="gone.png"):
        open_images([*images, FaceImage(str(tmp_path / "gone.png"))], AT_32, CacheParams())


@pytest.mark.parametrize(
    "wrong",
    [
        {"cache": "on"},
        {"cache_gb": 0.0},
        {"cache_gb": float("inf")},
        {"cache_gb": float("nan")},
        {"workers": -1},
        {"workers": 1.5},
        {"cache_mb": 100},
    ],
    ids=str,
)
def test_invalid_cache_settings_are_rejected(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        CacheParams(**wrong)
