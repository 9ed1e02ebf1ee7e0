"""Synthetic and augmented rows: only in train, and at most a given share.

In a test set, generated faces and augmented copies measure how well a model learned the generator,
not how it generalizes to unseen faces. A dataset of synthetic images only, such as the drawn faces,
is split like any other, and every model card and metrics file states that it is synthetic.
"""

import posixpath

import pandas as pd

FOLDERS = {"augmented", "generated", "synthetic"}  # images in these folders are synthetic


def lies_in_synthetic_folder(paths: pd.Series, root: str) -> pd.Series:
    """Whether a folder between the root and the image has one of the names in FOLDERS.

    Args:
        paths: as in the manifest; they start with the root, unless the image is outside it.
        root: `data.root`, whose own name is ignored.

    Returns:
        bool, with the index of `paths`.
    """
    inside = posixpath.join(posixpath.normpath(root), "")
    folders = paths.map(lambda path: posixpath.dirname(path.removeprefix(inside)))
    made = {name: not FOLDERS.isdisjoint(name.lower().split("/")) for name in folders.unique()}
    return folders.map(made).astype(bool)


def stays_in_train(synthetic: pd.DataFrame, real: pd.DataFrame) -> pd.Series:
    """Whether a synthetic row can be added to train: its group must not be in val or test.

    Args:
        synthetic: rows with `group`.
        real: rows with `group` and `split`, already assigned.

    Returns:
        bool, with the index of `synthetic`.
    """
    held_out = real.loc[real["split"] != "train", "group"]
    return ~synthetic["group"].isin(held_out)


def exceeds_share(rows: pd.DataFrame, max_fraction: float) -> pd.Series:
    """Whether a row of train exceeds the allowed share of synthetic rows in its class.

    The rows to keep are chosen by `sha256`, so the choice depends neither on names nor on order.

    Args:
        rows: with `split`, `label`, `synthetic`, `sha256`, `path`.
        max_fraction: largest share of the training rows of a class, 0 to 1.

    Returns:
        bool, with the index of `rows`.
    """
    train = rows["split"] == "train"
    if max_fraction == 1:
        return train & False
    counted = rows[train].groupby("label")["synthetic"].agg(["sum", "size"])
    real = counted["size"] - counted["sum"]
    # Rounded first: 0.3 / 0.7 * 7 is 2.9999999999999996 in floating point but must give 3.
    allowed = (max_fraction / (1 - max_fraction) * real).round(9).astype(int)
    made = rows[train & rows["synthetic"]].sort_values(["sha256", "path"])
    rank = made.groupby("label").cumcount().reindex(rows.index)
    return rank.notna() & (rank >= rows["label"].map(allowed))
