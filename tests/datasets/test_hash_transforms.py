"""Hashes derived from one hash equal those of the mirrored and turned pixels."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from emotion.datasets.hash_transforms import FLIPS, TRANSFORMS, nearest_flip, transpose
from emotion.datasets.image_hashes import HASH_BYTES, compute_phashes, lowest_frequencies
from tests.datasets.test_image_hashes import draw_blobs

IMAGES = st.builds(
    lambda seed, shape: np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8),
    st.integers(0, 10**6),
    st.tuples(st.integers(16, 40), st.integers(16, 40))
    | st.tuples(st.integers(16, 40), st.integers(16, 40), st.just(3)),
)


def apply(transform, pixels):
    """Do to the pixels what the name of the transform says."""
    pixels = np.fliplr(pixels) if "mirrored" in transform else pixels
    degrees = re.search(r"turned (\d+)", transform)
    return np.rot90(pixels, -int(degrees[1]) // 90 if degrees else 0)


def phash(pixels):
    return compute_phashes(lowest_frequencies(np.ascontiguousarray(pixels)[None]))


def compare(first, second):
    """Distance and number of the transform that brings one hash nearest to another."""
    bits, flips = nearest_flip(
        np.concatenate([first, transpose(first)]).view(np.uint64), second.view(np.uint64)
    )
    turned = int(np.argmin(bits))
    return int(bits[turned]), int(flips[turned]) + FLIPS * turned


@settings(max_examples=50, deadline=None)
@given(IMAGES, st.sampled_from(TRANSFORMS))
def test_the_hash_of_the_transformed_pixels_follows_from_the_hash(pixels, transform):
    bits, number = compare(phash(pixels), phash(apply(transform, pixels)))
    assert TRANSFORMS[number] == transform
    assert bits <= 2  # frequencies that are 0 within the accuracy of 32-bit floats


def test_the_eight_transforms_differ():
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert (
        len(
            {
                apply(name, pixels).tobytes() + bytes(apply(name, pixels).shape)
                for name in TRANSFORMS
            }
        )
        == len(TRANSFORMS)
        == 2 * FLIPS
    )


@given(st.binary(min_size=3 * HASH_BYTES, max_size=3 * HASH_BYTES))
def test_transposing_twice_changes_no_hash(content):
    hashes = np.frombuffer(content, dtype=np.uint8).reshape(3, HASH_BYTES)
    assert (transpose(transpose(hashes)) == hashes).all()


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("size", [112, 56])
def test_a_symmetric_image_is_near_its_transformed_and_scaled_copies(transform, size):
    half = np.asarray(draw_blobs(0))[:, :56]
    pixels = np.concatenate([half, np.fliplr(half)], axis=1)
    copy = Image.fromarray(pixels).resize((size, size), Image.Resampling.BOX)
    bits, _ = compare(phash(pixels), phash(apply(transform, np.asarray(copy))))
    assert bits <= 8


def test_the_mirrored_copy_of_a_point_symmetric_image_is_called_mirrored():
    half = np.asarray(draw_blobs(0))[:56]
    pixels = np.concatenate([half, np.rot90(half, 2)])
    bits, number = compare(phash(pixels), phash(np.fliplr(pixels)))
    assert (bits, TRANSFORMS[number]) == (0, "mirrored")
