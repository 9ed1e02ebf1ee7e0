"""The cache holds each image once, upright, squared, in the order asked for."""

import numpy as np
import pytest
import torch
from PIL import Image

from emotion.core.errors import UserError
from emotion.data.cache import CachedImages, DecodedImages, cache_images, cached_side


def test_images_come_in_the_order_of_their_paths(tmp_path):
    paths = []
    for value in (30, 200, 90):
        paths.append(str(tmp_path / f"{value}.png"))
        Image.new("L", (20, 20), value).save(paths[-1])
    cache = cache_images(paths, 32, "bicubic", "test")
    assert cache.shape == (3, 3, cached_side(32), cached_side(32))
    assert cache[:, 1, 5, 5].tolist() == [30, 200, 90]


def test_a_wide_image_keeps_its_center_square(tmp_path):
    image = np.zeros((40, 120, 3), dtype=np.uint8)
    image[:, 40:80] = (10, 120, 250)
    Image.fromarray(image).save(tmp_path / "wide.png")
    cache = cache_images([str(tmp_path / "wide.png")], 32, "bilinear", "test")
    assert cache[0, :, 18, 18].tolist() == [10, 120, 250]
    assert cache[0, 2, :, 1:-1].min() > 240  # none of the black sides


def test_an_image_that_vanished_is_named(tmp_path):
    with pytest.raises(UserError, match=r"gone\.png is missing"):
        cache_images([str(tmp_path / "gone.png")], 32, "bilinear", "test")


@pytest.fixture
def color_paths(tmp_path):
    paths = []
    for seed in range(5):
        values = np.random.default_rng(seed).integers(0, 256, (40, 44, 3), dtype=np.uint8)
        paths.append(str(tmp_path / f"{seed}.png"))
        Image.fromarray(values).save(paths[-1])
    return paths


def test_grayscale_keeps_pillows_luminance(color_paths):
    gray = cache_images(color_paths, 32, "bicubic", "test", grayscale=True)
    color = cache_images(color_paths, 32, "bicubic", "test")
    assert gray.shape == (5, 1, 36, 36)
    images = [Image.fromarray(p.permute(1, 2, 0).numpy()).convert("L") for p in color]
    assert all(np.array_equal(p, np.asarray(q)) for p, q in zip(gray[:, 0], images, strict=True))


def test_a_cache_beyond_its_memory_lies_in_a_file_and_holds_the_same(
    color_paths, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    before, mapped_files = set(tmp_path.iterdir()), []
    memmap = np.memmap
    monkeypatch.setattr(
        np, "memmap", lambda *args, **kw: mapped_files.append(1) or memmap(*args, **kw)
    )
    mapped = cache_images(color_paths, 32, "bicubic", "test", memory_gb=1e-6)
    assert mapped_files == [1]
    assert torch.equal(mapped, cache_images(color_paths, 32, "bicubic", "test"))
    assert set(tmp_path.iterdir()) == before  # nothing to clean up, however the process ends


@pytest.mark.parametrize("workers", [0, 2])
def test_decoding_as_one_goes_gives_the_cached_images_in_order(color_paths, workers):
    cached = CachedImages(cache_images(color_paths, 32, "bicubic", "test"))
    decoded = DecodedImages(color_paths, 36, Image.Resampling.BICUBIC, False, workers)
    rows = [np.array([3, 1]), np.array([0]), np.array([4, 2, 3])]
    for ours, expected in zip(decoded.batches(rows), cached.batches(rows), strict=True):
        assert torch.equal(ours, expected)
    assert len(decoded) == len(cached) == 5
