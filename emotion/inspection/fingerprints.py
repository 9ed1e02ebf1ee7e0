"""Two fingerprints of a decoded image: of its exact pixels, and of what it looks like.

The second is a perceptual hash in the manner of the library ImageHash (`phash`): the signs of the
16 x 16 lowest frequencies of the DCT, against their median. The library shrinks the image to
64 x 64 and transforms that; here the frequencies are taken from the image itself, two small
matrix products, because the library's way costs more than decoding a small PNG.
tests/inspection/test_fingerprints.py holds the two together.

Why 256 bits and not the usual 64: cropped faces look alike. Among 2,847 photographs, 64 bits put
different people 4 bits apart, as near as a JPEG of quality 50 is to its original; with 256 bits no
two moments are nearer than 38, while JPEG 50 moves 99 % of images by at most 8 bits, halving the
size by 4, contrast x 1.3 by 14, a shift of one pixel in 112 by 20.
"""

import hashlib
from functools import lru_cache

import numpy as np

LOW = 16  # frequencies kept, each way
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601
HASH_BYTES = LOW * LOW // 8


def hash_pixels(pixels: np.ndarray) -> str:
    """SHA-256 of size and pixels, whatever the file's format.

    Args:
        pixels: uint8, (H, W) or (H, W, 3). A gray image stored as RGB has the same hash as the
            gray one.
    """
    if pixels.ndim == 3 and (pixels == pixels[..., :1]).all():
        pixels = pixels[..., 0]
    size = repr(pixels.shape).encode()
    return hashlib.sha256(b"".join([size, np.ascontiguousarray(pixels)])).hexdigest()


def lowest_frequencies(pixels: np.ndarray) -> np.ndarray:
    """DCT-II of the luma at the lowest frequencies, float32 (N, LOW, LOW).

    Args:
        pixels: of images of one size: uint8, (N, H, W) or (N, H, W, 3).
    """
    luma = pixels @ _LUMA if pixels.ndim == 4 else pixels.astype(np.float32)
    return _cosines(luma.shape[1]) @ luma @ _cosines(luma.shape[2]).T


def hash_looks(frequencies: np.ndarray) -> np.ndarray:
    """Perceptual hashes, uint8 (N, HASH_BYTES), of `lowest_frequencies`."""
    low = frequencies.reshape(-1, LOW * LOW)
    middle = np.sort(low, axis=1)[:, LOW * LOW // 2 - 1 : LOW * LOW // 2 + 1]
    median = middle.mean(axis=1, keepdims=True)  # np.median takes ten times as long
    return np.packbits(low > median, axis=1)


@lru_cache(maxsize=256)  # corpora have few sizes
def _cosines(size: int) -> np.ndarray:
    """Rows of the DCT-II, (LOW, size), for the lowest frequencies; the same scale at any size."""
    steps = np.arange(size) + 0.5
    return (np.cos(np.pi / size * np.outer(np.arange(LOW), steps)) / size).astype(np.float32)
