"""The exact fingerprint heeds every pixel and no format; the other one heeds looks alone."""

import io

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from emotion.inspection.fingerprints import (
    HASH_BYTES,
    LOW,
    hash_looks,
    hash_pixels,
    lowest_frequencies,
)

SEEDS = range(12)


def draw_blobs(seed, size=112):
    """A smooth gray image: a dozen soft discs."""
    rng = np.random.default_rng(seed)
    image = Image.new("L", (size, size), int(rng.integers(30, 220)))
    pencil = ImageDraw.Draw(image)
    for _ in range(12):
        (x, y), radius = rng.uniform(0, size, 2), rng.uniform(size / 12, size / 3)
        disc = [x - radius, y - radius, x + radius, y + radius]
        pencil.ellipse(disc, fill=int(rng.integers(0, 256)))
    return image.filter(ImageFilter.GaussianBlur(size / 56))


def looks(image):
    return hash_looks(lowest_frequencies(np.asarray(image)[None]))[0]


def bits_apart(first, second):
    return int(np.bitwise_count(first ^ second).sum())


@pytest.mark.parametrize("size", [64, 112, 200])
def test_a_hash_is_that_of_the_library_imagehash(size):
    for seed in SEEDS:
        image = draw_blobs(seed, size)
        reference = np.packbits(imagehash.phash(image, hash_size=LOW).hash)
        assert bits_apart(looks(image), reference) <= 6  # 2 at most when measured, of 256


def test_different_images_are_about_half_of_the_bits_apart():
    hashes = [looks(draw_blobs(seed)) for seed in SEEDS]
    distances = [bits_apart(hashes[i], hashes[j]) for i in SEEDS for j in range(i)]
    assert min(distances) >= 90
    assert 118 <= np.mean(distances) <= 138


@pytest.mark.parametrize("seed", SEEDS)
def test_a_jpeg_of_quality_50_looks_the_same(seed):
    stored = io.BytesIO()
    draw_blobs(seed).save(stored, "JPEG", quality=50)
    assert bits_apart(looks(draw_blobs(seed)), looks(Image.open(stored))) <= 10


@pytest.mark.parametrize("seed", SEEDS)
def test_an_image_made_smaller_looks_the_same(seed):
    smaller = draw_blobs(seed).resize((48, 48), Image.Resampling.BILINEAR)
    assert bits_apart(looks(draw_blobs(seed)), looks(smaller)) <= 8


def test_brightness_and_contrast_change_no_looks():
    values = np.asarray(draw_blobs(0)).astype(float)
    paler = Image.fromarray(np.rint(values * 0.7 + 40).astype(np.uint8))
    assert bits_apart(looks(draw_blobs(0)), looks(paler)) <= 4


def test_a_gray_image_looks_the_same_in_color_mode():
    image = draw_blobs(0)
    assert bits_apart(looks(image), looks(image.convert("RGB"))) <= 2


def test_looks_do_not_depend_on_the_images_beside():
    images = np.stack([np.asarray(draw_blobs(seed)) for seed in SEEDS])
    together = hash_looks(lowest_frequencies(images))
    assert together.shape == (len(SEEDS), HASH_BYTES)
    for image, hashed in zip(images, together, strict=True):
        assert (hash_looks(lowest_frequencies(image[None]))[0] == hashed).all()


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (16, 200)])
def test_images_smaller_than_the_frequencies_have_looks_too(shape):
    assert hash_looks(lowest_frequencies(np.ones((2, *shape), np.uint8))).shape == (2, HASH_BYTES)


def test_the_frequencies_are_those_of_the_definition():
    values = np.random.default_rng(0).integers(0, 256, (20, 24), dtype=np.uint8)
    rows, columns = np.arange(20) + 0.5, np.arange(24) + 0.5
    for v, u in [(0, 0), (0, 1), (3, 0), (7, 5), (15, 15)]:
        waves = np.outer(np.cos(np.pi * v * rows / 20), np.cos(np.pi * u * columns / 24))
        ours = lowest_frequencies(values[None])[0, v, u]
        assert ours == pytest.approx((values * waves).mean(), abs=1e-3)


def test_the_pixel_hash_ignores_how_gray_is_stored():
    gray = np.asarray(draw_blobs(0))
    assert hash_pixels(gray) == hash_pixels(np.repeat(gray[:, :, None], 3, axis=2))
    assert hash_pixels(gray) == hash_pixels(np.asfortranarray(gray))


def test_the_pixel_hash_heeds_the_size():
    values = np.arange(48, dtype=np.uint8)
    shapes = [(6, 8), (8, 6), (4, 12), (2, 8, 3)]
    assert len({hash_pixels(values.reshape(shape)) for shape in shapes}) == len(shapes)


@pytest.mark.parametrize("at", [(0, 0), (111, 111), (50, 7)])
def test_the_pixel_hash_heeds_one_step_of_one_pixel(at):
    values = np.asarray(draw_blobs(0)).copy()
    before = hash_pixels(values)
    values[at] ^= 1
    assert hash_pixels(values) != before


def test_the_pixel_hash_heeds_one_channel():
    values = np.asarray(draw_blobs(0).convert("RGB")).copy()
    before = hash_pixels(values)
    values[3, 5, 2] ^= 1
    assert hash_pixels(values) != before
