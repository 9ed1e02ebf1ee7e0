"""The exact hash depends on every pixel, not on the format; the phash only on appearance."""

import io

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter
from scipy import fft

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
def test_the_phash_consists_of_the_signs_of_the_dct_of_scipy(size):
    for seed in SEEDS:
        image = draw_blobs(seed, size)
        signs = fft.dctn(np.asarray(image, np.float64))[:LOW, :LOW] > 0
        assert bits_apart(phash(image), np.packbits(signs)) <= 1


@pytest.mark.parametrize("size", [64, 112, 200])
def test_the_phash_equals_that_of_imagehash_within_16_bits(size):
    for seed in SEEDS:
        image = draw_blobs(seed, size)
        reference = np.packbits(imagehash.phash(image, hash_size=LOW).hash)  # relative to a median
        assert bits_apart(phash(image), reference) <= 16  # of 256; measured: at most 12


def test_phashes_of_different_images_differ_in_about_half_of_the_bits():
    hashes = [phash(draw_blobs(seed)) for seed in SEEDS]
    distances = [bits_apart(hashes[i], hashes[j]) for i in SEEDS for j in range(i)]
    assert min(distances) >= 90
    assert 118 <= np.mean(distances) <= 138


def as_jpeg(image):
    stored = io.BytesIO()
    image.save(stored, "JPEG", quality=50)
    return Image.open(stored)


CHANGES = {  # name to change and the largest number of bits
    "jpeg of quality 50": (as_jpeg, 10),
    "smaller": (lambda image: image.resize((48, 48), Image.Resampling.BILINEAR), 8),
    "paler": (lambda image: image.point(lambda value: round(value * 0.7 + 40)), 4),
    "stored as RGB": (lambda image: image.convert("RGB"), 2),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_keeps_the_appearance_keeps_the_phash(name):
    change, bits = CHANGES[name]
    for seed in SEEDS:
        assert bits_apart(phash(draw_blobs(seed)), phash(change(draw_blobs(seed)))) <= bits


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


@pytest.mark.parametrize(
    ("mode", "at"), [("L", (0, 0)), ("L", (111, 111)), ("L", (50, 7)), ("RGB", (3, 5, 2))]
)
def test_the_pixel_hash_changes_with_one_step_of_one_value(mode, at):
    values = np.asarray(draw_blobs(0).convert(mode)).copy()
    before = hash_pixels(values)
    values[at] ^= 1
    assert hash_pixels(values) != before
