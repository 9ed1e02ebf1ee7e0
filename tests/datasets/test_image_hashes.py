"""The exact hash depends on every pixel, not on the format; the phash only on appearance."""

import io

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from emotion.datasets.image_hashes import (
    HASH_BYTES,
    LOW,
    compute_phashes,
    hash_pixels,
    lowest_frequencies,
)

SEEDS = range(12)


def draw_blobs(seed, size=112):
    """Draw a smooth gray image with twelve blurred discs."""
    rng = np.random.default_rng(seed)
    image = Image.new("L", (size, size), int(rng.integers(30, 220)))
    canvas = ImageDraw.Draw(image)
    for _ in range(12):
        (x, y), radius = rng.uniform(0, size, 2), rng.uniform(size / 12, size / 3)
        disc = [x - radius, y - radius, x + radius, y + radius]
        canvas.ellipse(disc, fill=int(rng.integers(0, 256)))
    return image.filter(ImageFilter.GaussianBlur(size / 56))


def phash(image):
    return compute_phashes(lowest_frequencies(np.asarray(image)[None]))[0]


def bits_apart(first, second):
    return int(np.bitwise_count(first ^ second).sum())


@pytest.mark.parametrize("size", [64, 112, 200])
def test_the_phash_equals_that_of_imagehash_within_6_bits(size):
    for seed in SEEDS:
        image = draw_blobs(seed, size)
        reference = np.packbits(imagehash.phash(image, hash_size=LOW).hash)
        assert bits_apart(phash(image), reference) <= 6  # of 256; measured: at most 2


def test_phashes_of_different_images_differ_in_about_half_of_the_bits():
    hashes = [phash(draw_blobs(seed)) for seed in SEEDS]
    distances = [bits_apart(hashes[i], hashes[j]) for i in SEEDS for j in range(i)]
    assert min(distances) >= 90
    assert 118 <= np.mean(distances) <= 138


@pytest.mark.parametrize("seed", SEEDS)
def test_jpeg_of_quality_50_keeps_the_phash(seed):
    stored = io.BytesIO()
    draw_blobs(seed).save(stored, "JPEG", quality=50)
    assert bits_apart(phash(draw_blobs(seed)), phash(Image.open(stored))) <= 10


@pytest.mark.parametrize("seed", SEEDS)
def test_downscaling_keeps_the_phash(seed):
    smaller = draw_blobs(seed).resize((48, 48), Image.Resampling.BILINEAR)
    assert bits_apart(phash(draw_blobs(seed)), phash(smaller)) <= 8


def test_brightness_and_contrast_keep_the_phash():
    values = np.asarray(draw_blobs(0)).astype(float)
    paler = Image.fromarray(np.rint(values * 0.7 + 40).astype(np.uint8))
    assert bits_apart(phash(draw_blobs(0)), phash(paler)) <= 4


def test_a_gray_image_stored_as_rgb_keeps_the_phash():
    image = draw_blobs(0)
    assert bits_apart(phash(image), phash(image.convert("RGB"))) <= 2


def test_the_phash_does_not_depend_on_the_batch():
    images = np.stack([np.asarray(draw_blobs(seed)) for seed in SEEDS])
    together = compute_phashes(lowest_frequencies(images))
    assert together.shape == (len(SEEDS), HASH_BYTES)
    for image, hashed in zip(images, together, strict=True):
        assert (compute_phashes(lowest_frequencies(image[None]))[0] == hashed).all()


@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (16, 200)])
def test_images_smaller_than_the_frequencies_have_a_phash(shape):
    images = np.ones((2, *shape), np.uint8)
    assert compute_phashes(lowest_frequencies(images)).shape == (2, HASH_BYTES)


def test_frequencies_match_the_definition_of_the_dct():
    values = np.random.default_rng(0).integers(0, 256, (20, 24), dtype=np.uint8)
    rows, columns = np.arange(20) + 0.5, np.arange(24) + 0.5
    for v, u in [(0, 0), (0, 1), (3, 0), (7, 5), (15, 15)]:
        waves = np.outer(np.cos(np.pi * v * rows / 20), np.cos(np.pi * u * columns / 24))
        ours = lowest_frequencies(values[None])[0, v, u]
        assert ours == pytest.approx((values * waves).mean(), abs=1e-3)


def test_the_pixel_hash_is_the_same_for_gray_stored_as_rgb():
    gray = np.asarray(draw_blobs(0))
    assert hash_pixels(gray) == hash_pixels(np.repeat(gray[:, :, None], 3, axis=2))
    assert hash_pixels(gray) == hash_pixels(np.asfortranarray(gray))


def test_the_pixel_hash_depends_on_the_size():
    values = np.arange(48, dtype=np.uint8)
    shapes = [(6, 8), (8, 6), (4, 12), (2, 8, 3)]
    assert len({hash_pixels(values.reshape(shape)) for shape in shapes}) == len(shapes)


@pytest.mark.parametrize("at", [(0, 0), (111, 111), (50, 7)])
def test_the_pixel_hash_changes_with_one_step_of_one_pixel(at):
    values = np.asarray(draw_blobs(0)).copy()
    before = hash_pixels(values)
    values[at] ^= 1
    assert hash_pixels(values) != before


def test_the_pixel_hash_changes_with_one_channel():
    values = np.asarray(draw_blobs(0).convert("RGB")).copy()
    before = hash_pixels(values)
    values[3, 5, 2] ^= 1
    assert hash_pixels(values) != before
