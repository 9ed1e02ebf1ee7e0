"""Random numbers as a pure function of their purpose, never of the order of work.

A number depends on (seed, epoch, row, draw) only, so an image is augmented identically whatever the
batch size, the number of workers or the point at which training was resumed.
"""

import hashlib

import numpy as np

_GOLDEN = 0x9E3779B97F4A7C15


def derive_seed(*parts: int | str) -> int:
    """A 63-bit seed from any mix of numbers and names, the same on every machine."""
    digest = hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def uniforms(seed: int, rows: np.ndarray, draws: int) -> np.ndarray:
    """Uniform numbers in [0, 1), `draws` for each row.

    Counter-based: element (i, j) is splitmix64 (Steele, Lea and Flood, 2014) at counter j of a
    stream keyed by (seed, rows[i]). A numpy generator per row would take about 20 us each, which
    slows a GPU.

    Args:
        seed: names the stream; pass `derive_seed(seed, epoch, purpose)`.
        rows: integers of shape (n,).
        draws: numbers per row.

    Returns:
        float64 array of shape (n, draws).
    """
    keys = splitmix64(splitmix64(np.uint64(seed)) ^ np.asarray(rows, dtype=np.uint64))
    counters = np.arange(1, draws + 1, dtype=np.uint64) * np.uint64(_GOLDEN)
    bits = splitmix64(keys[:, None] + counters[None, :])
    return (bits >> np.uint64(11)) * 2.0**-53


def splitmix64(state: np.ndarray | np.uint64) -> np.ndarray:
    """One output of splitmix64 for each 64-bit state; unsigned overflow wraps, as intended."""
    with np.errstate(over="ignore"):
        z = np.asarray(state, dtype=np.uint64) + np.uint64(_GOLDEN)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))
