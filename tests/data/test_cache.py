"""Images are decoded once or in every epoch, with the same pixels in the same order."""

import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import ValidationError

from emotion.core.errors import UserError
from emotion.data.cache import CachedImages, CacheParams, DecodedImages, cache_images, open_images
from tests.conftest import preprocessing_of

AT_32 = preprocessing_of(32)


def test_images_are_in_the_order_of_their_paths(tmp_path):
    paths = []
    for value in (30, 200, 90):
        paths.append(str(tmp_path / f"{value}.png"))
        Image.new("L", (20, 20), value).save(paths[-1])
    cache = cache_images(paths, AT_32)
    assert cache.shape == (3, 3, 36, 36)
    assert cache[:, 1, 5, 5].tolist() == [30, 200, 90]


def test_a_wide_image_is_cropped_to_its_central_square(tmp_path):
    image = np.zeros((40, 120, 3), dtype=np.uint8)
    image[:, 40:80] = (10, 120, 250)
    Image.fromarray(image).save(tmp_path / "wide.png")
    cache = cache_images(
        [str(tmp_path / "wide.png")], preprocessing_of(32, interpolation="bilinear")
    )
    assert cache[0, :, 18, 18].tolist() == [10, 120, 250]
    assert cache[0, 2, :, 1:-1].min() > 240  # without the black sides


def test_a_missing_image_is_named(tmp_path):
    with pytest.raises(UserError, match=r"gone\.png is missing"):
        cache_images([str(tmp_path / "gone.png")], AT_32)


@pytest.fixture
def color_paths(tmp_path):
    paths = []
    for seed in range(5):
        values = np.random.default_rng(seed).integers(0, 256, (40, 44, 3), dtype=np.uint8)
        paths.append(str(tmp_path / f"{seed}.png"))
        Image.fromarray(values).save(paths[-1])
    return paths


def test_a_grayscale_cache_holds_pillows_luminance(color_paths):
    gray = cache_images(color_paths, preprocessing_of(32, grayscale=True))
    color = cache_images(color_paths, AT_32)
    assert gray.shape == (5, 1, 36, 36)
    for ours, image in zip(gray[:, 0], color, strict=True):
        expected = Image.fromarray(image.permute(1, 2, 0).numpy()).convert("L")
        assert np.array_equal(ours, np.asarray(expected))


def test_a_cache_over_its_memory_limit_is_a_mapped_file_with_the_same_content(
    color_paths, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    before, mapped_files = set(tmp_path.iterdir()), []
    memmap = np.memmap
    monkeypatch.setattr(
        np, "memmap", lambda *args, **kw: mapped_files.append(1) or memmap(*args, **kw)
    )
    mapped = open_images(color_paths, AT_32, CacheParams(cache_gb=1e-6)).tensor
    assert mapped_files == [1]
    assert torch.equal(mapped, cache_images(color_paths, AT_32))
    assert set(tmp_path.iterdir()) == before  # no file to clean up, however the process ends


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_decoding_per_batch_gives_the_same_images_as_the_cache(color_paths, workers):
    cached = open_images(color_paths, AT_32, CacheParams())
    decoded = open_images(color_paths, AT_32, CacheParams(cache="off", workers=workers))
    assert isinstance(cached, CachedImages)
    assert isinstance(decoded, DecodedImages)
    rows = [np.array([3, 1]), np.array([0]), np.array([4, 2, 3])]
    for ours, expected in zip(decoded.batches(rows), cached.batches(rows), strict=True):
        assert torch.equal(ours, expected)
    assert len(decoded) == len(cached) == 5


def test_without_a_cache_files_are_read_per_batch_and_a_missing_one_is_named(color_paths, tmp_path):
    paths = [*color_paths, str(tmp_path / "gone.png")]
    decoded = open_images(paths, AT_32, CacheParams(cache="off", workers=0))
    [batch] = decoded.batches([np.array([0, 4])])
    assert batch.shape == (2, 3, 36, 36)
    with pytest.raises(UserError, match=r"gone\.png is missing"):
        list(decoded.batches([np.array([5])]))


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


@pytest.mark.slow
def test_a_worker_that_misses_an_image_ends_in_its_sentence_alone(color_paths, tmp_path):
    paths = [*color_paths, str(tmp_path / "gone.png")]
    decoded = open_images(paths, AT_32, CacheParams(cache="off", workers=2))
    with pytest.raises(UserError) as caught:
        list(decoded.batches([np.array([0]), np.array([5, 1])]))
    assert "gone.png is missing" in str(caught.value)
    assert "Traceback" not in str(caught.value)  # torch adds the worker's to an exception
