"""Find pairs of images whose perceptual hashes differ in few bits, without comparing all pairs.

The hash is divided into d + 2 bands. Hashes that differ in at most d bits agree in at least two
complete bands, so only hashes that share two bands are compared: one sort per pair of bands. With
d = 16 of 256 bits these are 153 sorts of 28-bit keys, so ten times the images take about ten times
as long. (After Manku, Jain and Das Sarma, "Detecting near-duplicates for web crawling", 2007.)

Alternatives: imagededup compares all pairs or searches a BK tree, both only on 64-bit hashes, and
faiss is a heavy dependency for one function.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd


class Pairs(NamedTuple):
    """Pairs of rows as int64 arrays of shape (P,), with `first` < `second`."""

    first: np.ndarray  # row numbers
    second: np.ndarray
    distance: np.ndarray  # number of different bits


def find_near_pairs(hashes: np.ndarray, distance: int) -> Pairs:
    """Find pairs that connect all rows whose hashes differ in at most `distance` bits.

    Rows with the same hash are chained, each to the next, and only the first one is compared with
    other hashes: 1,000 copies of one image give 999 pairs, not half a million.

    Args:
        hashes: uint8 (N, bytes), with a multiple of 8 bytes per hash.
        distance: bits; at most a quarter of the hash, because beyond that all images are near.

    Returns:
        Pairs sorted by row numbers. They have the same connected components as all pairs within
        `distance`.
    """
    whole = np.ascontiguousarray(hashes).view(f"V{hashes.shape[1]}")[:, 0]
    order = np.argsort(whole, kind="stable")
    new = np.ones(len(order), dtype=bool)
    new[1:] = whole[order][1:] != whole[order][:-1]
    representatives = order[new]
    same = np.flatnonzero(~new)
    first, second, bits = _near_unique(hashes[representatives], distance)
    starts = np.concatenate([order[same - 1], representatives[first]])
    ends = np.concatenate([order[same], representatives[second]])
    bits = np.concatenate([np.zeros(len(same), dtype=np.int64), bits])
    starts, ends = np.minimum(starts, ends), np.maximum(starts, ends)
    by_row = np.lexsort([ends, starts])
    return Pairs(starts[by_row], ends[by_row], bits[by_row])


def list_pairs(rows: pd.DataFrame, near: Pairs) -> pd.DataFrame:
    """List the pairs of duplicates that a person should review, the most suspicious first.

    The order is: pairs with different labels, pairs in different splits, then by decreasing
    distance, because a pair with a large distance is the most likely false positive.

    Args:
        rows: with `path`, `label`, `split`; all rows that `near` numbers, in order.
        near: as returned by `find_near_pairs`.

    Returns:
        One row per pair: `path`, `label` and `split` of both rows, with the prefixes `first_` and
        `second_`, and `distance`, which is 0 for equal hashes.
    """
    columns = rows[["path", "label", "split"]]
    sides = [
        columns.iloc[numbers].reset_index(drop=True).add_prefix(prefix)
        for prefix, numbers in (("first_", near.first), ("second_", near.second))
    ]
    pairs = pd.concat(sides, axis=1).assign(distance=near.distance)
    keys = pairs[["distance"]].assign(
        labels=pairs["first_label"] != pairs["second_label"],
        splits=pairs["first_split"] != pairs["second_split"],
    )
    order = keys.sort_values(["labels", "splits", "distance"], ascending=False, kind="stable").index
    return pairs.loc[order].reset_index(drop=True)


def _near_unique(hashes: np.ndarray, distance: int) -> np.ndarray:
    """All pairs of different hashes within `distance`, int64 (3, P): two row numbers, distance."""
    words = np.ascontiguousarray(hashes).view(np.uint64)
    found = [np.empty((3, 0), dtype=np.int64)]
    for band, other in combinations(_bands(hashes, distance + 2), 2):
        for first, second in _equal_keys(band << np.uint64(32) | other):
            bits = np.bitwise_count(words[first] ^ words[second]).sum(axis=1, dtype=np.int64)
            near = bits <= distance
            found.append(np.stack([first[near], second[near], bits[near]]))
    pairs = np.concatenate(found, axis=1)
    pairs[:2].sort(axis=0)
    return np.unique(pairs, axis=1)


def _bands(hashes: np.ndarray, count: int) -> list[np.ndarray]:
    """Bits of each band as a number, uint64 (N,).

    A band consists of every n-th bit, because neighboring bits of a perceptual hash are correlated.
    """
    bits = 8 * hashes.shape[1]
    bands = []
    for band in range(count):
        value = np.zeros(len(hashes), dtype=np.uint64)
        for bit in range(band, bits, count)[:32]:
            column = hashes[:, bit // 8] >> np.uint8(7 - bit % 8) & np.uint8(1)
            value = value << np.uint64(1) | column
        bands.append(value)
    return bands


def _equal_keys(keys: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of rows with equal keys: at distance 1 in the sorted order, then at distance 2 ..."""
    order = np.argsort(keys)  # a stable sort takes four times as long; pairs are sorted later
    keys = keys[order]
    starts = np.arange(len(keys))
    step = 0
    while len(starts):
        step += 1
        starts = starts[starts < len(keys) - step]
        starts = starts[keys[starts] == keys[starts + step]]
        yield order[starts], order[starts + step]
