"""Augmented copies, known by their names: `name_aug_3_ab12.jpg` was made from `name.jpg`.

A copy on the other side of a split tells the model the answer. Oversampling before splitting is how
that happens, and the names are often the only trace of it.
"""

import posixpath
import re

import numpy as np
import pandas as pd

# The original's stem, a mark, and whatever numbers or hashes follow it.
_COPY = re.compile(
    r"(?P<stem>.+?)[ _-]+aug(?:mented)?(?:[ _-]*\d+)?(?:[ _-][\w -]*)?", re.IGNORECASE
)


def original_stem(path: str) -> str | None:
    """`a/name_aug_3_ab12.jpg` gives `name`; None for an image that is no augmented copy."""
    stem = posixpath.splitext(posixpath.basename(path))[0]
    copy = _COPY.fullmatch(stem)
    return copy["stem"] if copy else None


def name_originals(paths: pd.Series, labels: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """What each row is an augmented copy of.

    The original is the image of that stem in the copy's own folder; where there is none, those of
    that stem and label in any folder (a copy in train/happy of an image in test/happy).

    Args:
        paths: with forward slashes.
        labels: class of each row.

    Returns:
        Whether a row is a copy, (N,) bool; and a key, (N,) text, that a copy shares with its
        original and its other copies, "" for rows that no copy refers to.
    """
    stems = [posixpath.splitext(posixpath.basename(path))[0] for path in paths]
    copied = [original_stem(path) for path in paths]
    folders = [posixpath.dirname(path) for path in paths]
    is_copy = np.array([stem is not None for stem in copied], dtype=bool)
    keys = np.full(len(paths), "", dtype=object)
    if not is_copy.any():
        return is_copy, keys
    own = [stem if copy is None else copy for stem, copy in zip(stems, copied, strict=True)]
    by_folder = pd.Series([f"{folder}/{stem}" for folder, stem in zip(folders, own, strict=True)])
    by_label = pd.Series([f"{label}:{stem}" for label, stem in zip(labels, own, strict=True)])
    at_home = by_folder.isin(by_folder[~is_copy]) & is_copy
    away = is_copy & ~at_home
    # A copy at home goes where its original goes, whatever label it was given itself.
    label_at_home = by_label[~is_copy].groupby(by_folder[~is_copy]).min()
    by_label = by_label.where(~at_home, by_folder.map(label_at_home))
    # An original takes the wider key if any copy needs it, and then all its copies follow.
    wide = by_label.isin(by_label[away])
    keys = np.where(wide, by_label, by_folder).astype(object)
    referred = pd.Series(keys).isin(keys[is_copy])
    return is_copy, np.where(referred, keys, "")
