"""Two hashes of a decoded image: an exact one of its pixels, and a perceptual one.

The perceptual hash is similar to `phash` of the library ImageHash: one bit for each of the 16 x 16
lowest DCT frequencies. ImageHash resizes the image to 64 x 64, transforms that, and compares the
frequencies with their median. Here two small matrix products compute the frequencies from the image
itself, because resizing costs more than decoding a small PNG; and a bit is the sign, because the
signs of the mirrored or turned image follow from it, see hash_transforms.py. The median is near 0:
the two kinds of hash find the same share of copies within 2 % (re-encoded, resized, brighter).
tests/datasets/test_image_hashes.py compares them.

256 bits instead of the usual 64, because cropped faces are similar to each other. Among 2,847
photographs, 64-bit hashes of different people are as close as 4 bits, which is the distance of a
JPEG of quality 50 to its original. With 256 bits, photographs of different moments differ in at
least 39 bits (62 if one is mirrored, 79 if it is turned), while JPEG 50 changes at most 8 bits in
99 % of images, halving the size 4, contrast x 1.3 changes 14, and a shift of one pixel in 112
changes 20. data/README.md has the share of copies that are found.
"""

import hashlib
from functools import lru_cache

import numpy as np

LOW = 16  # lowest frequencies kept per axis
_ROUNDING = 1e-4  # of 255; half of a symmetric image's frequencies are 0, but for rounding errors
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601
HASH_BYTES = LOW * LOW // 8  # bit LOW * row + column, the most significant bit of a byte first


def hash_pixels(pixels: np.ndarray) -> str:
    """Compute the SHA-256 of size and pixels, independent of the file format.

    Args:
        pixels: uint8, (H, W) or (H, W, 3). A gray image stored as RGB has the same hash as the
            gray one.
    """
    if pixels.ndim == 3 and (pixels == pixels[..., :1]).all():
        pixels = pixels[..., 0]
    size = repr(pixels.shape).encode()
    return hashlib.sha256(b"".join([size, np.ascontiguousarray(pixels).data])).hexdigest()


def lowest_frequencies(pixels: np.ndarray) -> np.ndarray:
    """Compute the DCT-II of the luma at the lowest frequencies, float32 (N, LOW, LOW).

    The value at (0, 0) is the mean luma.

    Args:
        pixels: images of one size: uint8, (N, H, W) or (N, H, W, 3).
    """
    luma: np.ndarray = pixels @ _LUMA if pixels.ndim == 4 else pixels.astype(np.float32)
    rows, columns = _cosines(luma.shape[1]), _cosines(luma.shape[2])
    frequencies: np.ndarray = rows @ luma @ columns.T
    return frequencies


def compute_phashes(frequencies: np.ndarray) -> np.ndarray:
    """Compute perceptual hashes, uint8 (N, HASH_BYTES): whether each frequency is positive.

    Args:
        frequencies: of `lowest_frequencies`, float32 (N, LOW, LOW).
    """
    return np.packbits(frequencies.reshape(-1, LOW * LOW) > _ROUNDING, axis=1)


@lru_cache(maxsize=256)  # a dataset has few image sizes
def _cosines(size: int) -> np.ndarray:
    """DCT-II matrix of the lowest frequencies, (LOW, size), with the same scale for any size."""
    steps = np.arange(size) + 0.5
    return (np.cos(np.pi / size * np.outer(np.arange(LOW), steps)) / size).astype(np.float32)
