"""Synthetic and augmented rows: in train only, and not too many of them.

A generated face, or an augmented copy, tells nothing about faces that a model has not seen; in a
test set it measures how well the generator was learned. A corpus that holds nothing else, as the
drawn faces do, is split like any other, and every card and metric says that it is synthetic.
"""

import posixpath

import pandas as pd

FOLDERS = {"augmented", "generated", "synthetic"}  # whatever lies in one of these


def lies_in_synthetic_folder(paths: pd.Series, root: str) -> pd.Series:
    """Whether a folder between the root and the image says that it is synthetic.

    Args:
        paths: as the manifest has them, starting with the root where they lie in it.
        root: `data.root`, whose own name says nothing.
    """
    inside = posixpath.join(posixpath.normpath(root), "")
    folders = paths.map(lambda path: posixpath.dirname(path.removeprefix(inside)))
    made = {name: not FOLDERS.isdisjoint(name.lower().split("/")) for name in folders.unique()}
    return folders.map(made).astype(bool)


def stays_in_train(synthetic: pd.DataFrame, real: pd.DataFrame) -> pd.Series:
    """Whether a synthetic row may enter train: its group must not stand in val or test.

    Args:
        synthetic: rows with `group`.
        real: rows with `group` and `split`, already dealt.
    """
    held_out = real.loc[real["split"] != "train", "group"]
    return ~synthetic["group"].isin(held_out)


def exceeds_share(rows: pd.DataFrame, max_fraction: float) -> pd.Series:
    """Whether a row is one synthetic row too many of its class in train.

    The rows that stay are chosen by `sha256`, so neither names nor order move the choice.

    Args:
        rows: with `split`, `label`, `synthetic`, `sha256`, `path`.
        max_fraction: the largest share of a class's training rows, 0 to 1.
    """
    train = rows["split"] == "train"
    if max_fraction == 1:
        return train & False
    counted = rows[train].groupby("label")["synthetic"].agg(["sum", "size"])
    real = counted["size"] - counted["sum"]
    # Rounded first: 0.3 / 0.7 * 7 is 2.9999999999999996 in floating point, and means 3.
    allowed = (max_fraction / (1 - max_fraction) * real).round(9).astype(int)
    made = rows[train & rows["synthetic"]].sort_values(["sha256", "path"])
    rank = made.groupby("label").cumcount().reindex(rows.index)
    return rank.notna() & (rank >= rows["label"].map(allowed))
