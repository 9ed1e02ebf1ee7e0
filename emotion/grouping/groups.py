"""The group of each row: what must stay on one side of a split, because it is one face.

Rows are joined by the same subject, by identical pixels, by near pixels, and by being augmented
copies of one image, directly or through others: groups are the connected components.
"""

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from emotion.grouping.near_duplicates import Pairs

NAME_DIGITS = 16  # of a sha256, enough for billions of groups


def name_groups(rows: pd.DataFrame, near: Pairs, originals: np.ndarray) -> np.ndarray:
    """The group of each row: the first digits of the smallest `sha256` in it.

    So a name survives renamed files and another order of the rows. Subjects are compared as
    written: two corpora in one table that both call someone "7" make one group, which loses
    nothing but freedom.

    Args:
        rows: with `subject` and `sha256`.
        near: pairs of near-duplicates, by row number.
        originals: of `name_originals`, "" where a row is neither a copy nor copied.

    Returns:
        Text of NAME_DIGITS digits, (N,).
    """
    pixels, hashes = pd.factorize(rows["sha256"], sort=True)
    edges = [np.stack([near.first, near.second])]
    nodes = len(rows)
    for keys in (rows["sha256"], rows["subject"], pd.Series(originals)):
        codes, names = pd.factorize(keys)
        known = np.flatnonzero((keys != "").to_numpy())
        edges.append(np.stack([known, nodes + codes[known]]))
        nodes += len(names)
    starts, ends = np.concatenate(edges, axis=1)
    graph = sparse.coo_array((np.ones(len(ends), dtype=np.int8), (starts, ends)), (nodes, nodes))
    _, component = connected_components(graph, directed=False)
    smallest = pd.Series(pixels).groupby(component[: len(rows)]).transform("min")
    return hashes.to_numpy()[smallest].astype(str).astype(f"U{NAME_DIGITS}")
