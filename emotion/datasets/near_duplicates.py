"""Find pairs of images whose perceptual hashes differ in few bits, without comparing all pairs.

Mirrored copies and copies turned by quarter turns are found too: see hash_transforms.py.

The hash is divided into d + 2 bands. Hashes that differ in at most d bits agree in at least two
complete bands, so only hashes that share two bands are compared: one sort per pair of bands. With
d = 16 of 256 bits these are 153 sorts, so ten times the images take about ten times as long. (After
Manku, Jain and Das Sarma, "Detecting near-duplicates for web crawling", 2007.) Mirroring
negates all bits of a band or none, so a band counts as equal if it is negated as a whole. Turned
images are found by sorting the transposed hashes along with the others.

Alternatives: imagededup compares all pairs or searches a BK tree, both only on 64-bit hashes, and
faiss is a heavy dependency for one function.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from emotion.data.manifest import image_columns
from emotion.datasets.hash_transforms import FLIPS, SETS, TRANSFORMS, nearest_flip, transpose

# Which copies no search here finds; a report without leaks says so.
UNSEEN = "copies that are cropped, shifted, strongly edited or slightly turned cannot be seen"


class Pairs(NamedTuple):
    """Pairs of rows as int64 arrays of shape (P,), with `first` < `second`."""

    first: np.ndarray  # row numbers
    second: np.ndarray
    distance: np.ndarray  # number of different bits, after the transform
    transform: np.ndarray  # number in TRANSFORMS: what makes the second image of the first


def find_near_pairs(hashes: np.ndarray, distance: int) -> Pairs:
    """Find pairs that connect all rows whose hashes differ in at most `distance` bits.

    Each pair is compared under the eight transforms of hash_transforms.py; the nearest counts.
    Rows with the same hash are chained, each to the next, and only the first one is compared with
    other hashes: 1,000 copies of one image give 999 pairs, not half a million.

    Args:
        hashes: uint8 (N, HASH_BYTES).
        distance: bits; at most a quarter of the hash, because beyond that all images are near.

    Returns:
        Pairs sorted by row numbers. They have the same connected components as all pairs within
        `distance`.
    """
    whole = np.ascontiguousarray(hashes).view(f"V{hashes.shape[1]}")[:, 0]
    order = np.argsort(whole, kind="stable")
    new = np.ones(len(order), dtype=bool)
    new[1:] = whole[order][1:] != whole[order][:-1]
    same = np.flatnonzero(~new)
    copies = np.zeros((4, len(same)), dtype=np.int64)
    copies[:2] = order[same - 1], order[same]
    representatives = np.sort(order[new])
    others = _near_unique(hashes[representatives], distance)
    others[:2] = representatives[others[:2]]
    pairs = np.concatenate([copies, others], axis=1)
    return Pairs(*pairs[:, np.lexsort(pairs[1::-1])])


def merge_pairs(one: Pairs, other: Pairs) -> Pairs:
    """The pairs of both; of those with the same rows, the one of the smaller distance."""
    return Pairs(*_nearest_of_each(np.concatenate([one, other], axis=1)))


def list_pairs(rows: pd.DataFrame, near: Pairs) -> pd.DataFrame:
    """List the pairs of duplicates that a person should review, the most suspicious first.

    The order is: pairs with different labels, pairs in different splits, then by decreasing
    distance, because a pair with a large distance is the most likely false positive.

    Args:
        rows: with `path`, `label`, `split`, `sha256`; all rows that `near` numbers, in order.
        near: as returned by `find_near_pairs`.

    Returns:
        One row per pair: `path` (and columns of the face), `label` and `split` of both rows, with
        the prefixes `first_` and `second_`; `distance`, which is 0 for equal hashes; `transform`, a
        text of TRANSFORMS; and `identical`, bool, whether the pixels are equal.
    """
    columns = rows[[*image_columns(rows), "label", "split"]]
    sides = [
        columns.iloc[numbers].reset_index(drop=True).add_prefix(prefix)
        for prefix, numbers in (("first_", near.first), ("second_", near.second))
    ]
    pixels = rows["sha256"].to_numpy()
    pairs = pd.concat(sides, axis=1).assign(
        distance=near.distance,
        transform=np.array(TRANSFORMS)[near.transform],
        identical=pixels[near.first] == pixels[near.second],
    )
    keys = pairs[["distance"]].assign(
        labels=pairs["first_label"] != pairs["second_label"],
        splits=pairs["first_split"] != pairs["second_split"],
    )
    order = keys.sort_values(["labels", "splits", "distance"], ascending=False, kind="stable").index
    return pairs.loc[order].reset_index(drop=True)


def _near_unique(hashes: np.ndarray, distance: int) -> np.ndarray:
    """All pairs of different hashes within `distance`, int64 (4, P): the fields of `Pairs`."""
    count = len(hashes)
    both = np.concatenate([hashes, transpose(hashes)])
    words = np.ascontiguousarray(both).view(np.uint64)
    found = [np.empty((4, 0), dtype=np.int64)]
    for band, other in combinations(_bands(both, distance + 2), 2):
        for pair in _equal_keys(band << np.uint64(32) | other):
            first, second = _unturned(*pair, count)
            bits, flip = nearest_flip(words[first], words[second])
            turned = first >= count
            near = bits <= distance
            transform = flip + FLIPS * turned
            found.append(np.stack([first - count * turned, second, bits, transform])[:, near])
    return _nearest_of_each(np.concatenate(found, axis=1))


def _unturned(one: np.ndarray, other: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Order pairs and keep each once: numbers from `count` on are of transposed images.

    Returns:
        First and second number; the second is never of a transposed image, and the first is of an
        earlier image.
    """
    low, high = np.minimum(one, other), np.maximum(one, other)
    turned = high >= count
    first, second = np.where(turned, high, low), np.where(turned, low, high)
    kept = (low < count) & (first - count * turned < second)
    return first[kept], second[kept]


def _nearest_of_each(found: np.ndarray) -> np.ndarray:
    """Of all columns with the same two rows, the one of the smallest distance and transform."""
    found = found[:, np.lexsort(found[::-1])]
    new = np.ones(found.shape[1], dtype=bool)
    new[1:] = (found[:2, 1:] != found[:2, :-1]).any(axis=0)
    return found[:, new]


def _bands(hashes: np.ndarray, count: int) -> list[np.ndarray]:
    """Bits of each band as a number, uint64 (N,), equal for a hash and its flips.

    A band consists of every n-th bit of one of SETS, because neighboring bits of a perceptual hash
    are correlated. If flips negate the band, its bits are taken relative to the first one.
    """
    bands = []
    for band in range(count):
        number, start = band % len(SETS), band // len(SETS)
        step = len(range(number, count, len(SETS)))
        value = np.zeros(len(hashes), dtype=np.uint64)
        bits = [_column(hashes, bit) for bit in SETS[number][start::step][:32]]
        for bit in bits:
            value = value << np.uint64(1) | (bit ^ bits[0] if number else bit)
        bands.append(value)
    return bands


def _column(hashes: np.ndarray, bit: int) -> np.ndarray:
    """One bit of each hash, 0 or 1, uint8 (N,)."""
    return hashes[:, bit // 8] >> np.uint8(7 - bit % 8) & np.uint8(1)


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
