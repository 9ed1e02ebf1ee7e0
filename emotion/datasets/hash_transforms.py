"""What mirroring an image, or turning it by quarter turns, does to its perceptual hash.

Each bit of the hash is the sign of one DCT frequency (image_hashes.py). Mirroring an image negates
the frequencies of odd columns, mirroring it top to bottom those of odd rows, and transposing it
transposes them. These three give all eight transforms, so one hash stands for eight, and no image
is decoded or transformed twice. Nothing depends on the aspect ratio.

Angles are clockwise.
"""

import numpy as np

from emotion.datasets.image_hashes import LOW

# By number: the FLIPS of the image itself, then those of its transposed image.
TRANSFORMS = (
    "",
    "mirrored",
    "mirrored, turned 180 degrees",
    "turned 180 degrees",
    "mirrored, turned 270 degrees",
    "turned 90 degrees",
    "turned 270 degrees",
    "mirrored, turned 90 degrees",
)
FLIPS = 4  # none, left to right, top to bottom, both

# Bits by whether their row and column are even and even, even and odd, odd and even, odd and odd. A
# flip negates all bits of such a set or none, and never the first set.
_ODD = np.arange(LOW) % 2
_MEMBERS = [np.isin(2 * _ODD[:, None] + _ODD, number) for number in range(4)]
SETS = [np.flatnonzero(members) for members in _MEMBERS]
_MASKS = [np.packbits(members).view(np.uint64) for members in _MEMBERS]


def transpose(hashes: np.ndarray) -> np.ndarray:
    """Hashes of the transposed images, uint8 (N, HASH_BYTES) like `hashes`."""
    bits = np.unpackbits(hashes, axis=1).reshape(-1, LOW, LOW)
    return np.packbits(bits.swapaxes(1, 2).reshape(-1, LOW * LOW), axis=1)


def nearest_flip(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The flip that brings the first hash of each pair nearest to the second.

    Each of SETS but the first is negated if that is nearer. That the last is negated if one of the
    two others is, is not required: in a symmetric image, whole sets are 0 and say nothing.

    Args:
        first, second: hashes as uint64, (P, HASH_BYTES / 8).

    Returns:
        Number of different bits, int64 (P,), and number of the flip, int64 (P,).
    """
    differing = first ^ second
    bits = np.stack(
        [np.bitwise_count(differing & mask).sum(axis=1, dtype=np.int64) for mask in _MASKS]
    )
    size = len(SETS[0])
    negated = bits > size // 2
    negated[0] = False
    _, columns, rows, both = negated
    distance = np.where(negated, size - bits, bits).sum(axis=0)
    return distance, (columns | both & ~rows) + 2 * rows
