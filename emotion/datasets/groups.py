"""Groups: rows that must stay in the same split, because they show the same person or image.

Two rows are linked by the same subject, by identical pixels, by near-duplicate pixels (mirrored or
turned by quarter turns too), or by being augmented copies of one image. Where faces are detected,
both the pixels of the face and those of the whole image count, so that an image and a part of it,
cropped to the face, are one group. Groups are the connected
components of these links.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from emotion.datasets.augmented_names import name_originals
from emotion.datasets.image_hashes import HASH_BYTES
from emotion.datasets.near_duplicates import Pairs, find_near_pairs, merge_pairs

NAME_DIGITS = 16  # of a sha256, enough for billions of groups


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """Groups of a table with N rows."""

    names: np.ndarray  # (N,) group of each row, see `name_groups`
    near: Pairs  # near-duplicates, by row number
    is_copy: np.ndarray  # (N,) bool: whether the row is an augmented copy, by its name


def group_images(rows: pd.DataFrame, bits: int) -> Grouping:
    """Find near-duplicates, augmented copies, and the group of each row.

    Args:
        rows: with `path`, `label`, `subject`, `sha256` and `phash`: HASH_BYTES bytes; where faces
            are detected also `image_sha256` and `image_phash`. Not changed.
        bits: perceptual hashes that differ in at most this many bits are near-duplicates.
    """
    near = find_near_pairs(_stack(rows["phash"]), bits)
    if "image_phash" in rows:
        near = merge_pairs(near, _near_images(rows, bits))
    is_copy, originals = name_originals(rows["path"], rows["label"])
    return Grouping(names=name_groups(rows, near, originals), near=near, is_copy=is_copy)


def name_groups(rows: pd.DataFrame, near: Pairs, originals: np.ndarray) -> np.ndarray:
    """Name the group of each row by the first digits of the smallest `sha256` in it.

    Therefore the names depend neither on file names nor on the order of the rows. If two datasets
    in one table both have a subject "7", the two become one group, which only gives the split less
    freedom.

    Args:
        rows: with `subject`, as normalized by the reader, and `sha256`; where faces are detected
            also `image_sha256`.
        near: pairs of near-duplicates, by row number.
        originals: keys from `name_originals`, "" for rows that are neither copies nor copied.

    Returns:
        Text of NAME_DIGITS digits, (N,).
    """
    pixels, hashes = pd.factorize(rows["sha256"], sort=True)
    edges = [np.stack([near.first, near.second])]
    nodes = len(rows)
    columns = [name for name in ("sha256", "image_sha256", "subject") if name in rows]
    for keys in (*(rows[name] for name in columns), pd.Series(originals)):
        codes, names = pd.factorize(keys)
        known = np.flatnonzero((keys != "").to_numpy())
        edges.append(np.stack([known, nodes + codes[known]]))
        nodes += len(names)
    starts, ends = np.concatenate(edges, axis=1)
    graph = sparse.coo_array((np.ones(len(ends), dtype=np.int8), (starts, ends)), (nodes, nodes))
    _, component = connected_components(graph, directed=False)
    smallest = pd.Series(pixels).groupby(component[: len(rows)]).transform("min")
    return hashes.to_numpy()[smallest].astype(str).astype(f"U{NAME_DIGITS}")


def _near_images(rows: pd.DataFrame, bits: int) -> Pairs:
    """Near-duplicates among the whole images; the first row of each image stands for it."""
    first = np.flatnonzero(~rows["image_sha256"].duplicated())
    near = find_near_pairs(_stack(rows["image_phash"].iloc[first]), bits)
    return near._replace(first=first[near.first], second=first[near.second])


def _stack(phashes: pd.Series) -> np.ndarray:
    """Hashes as uint8 (N, HASH_BYTES)."""
    return np.frombuffer(b"".join(phashes), dtype=np.uint8).reshape(-1, HASH_BYTES)
