"""Find augmented copies by their names: `name_aug_3_ab12.jpg` is a copy of `name.jpg`.

A copy in train of an image in test leaks the label. This happens when a dataset is
oversampled before it is split, and the file names are often the only evidence of it.
"""

import posixpath
import re

import numpy as np
import pandas as pd

# The stem of the original, a mark, and any numbers or hashes.
_COPY = re.compile(
    r"(?P<stem>.+?)[ _-]+aug(?:mented)?(?:[ _-]*\d+)?(?:[ _-][\w -]*)?", re.IGNORECASE
)


def original_stem(path: str) -> str | None:
    """`a/name_aug_3_ab12.jpg` gives `name`; None if the image is not an augmented copy."""
    stem = posixpath.splitext(posixpath.basename(path))[0]
    copy = _COPY.fullmatch(stem)
    return copy["stem"] if copy else None


def name_originals(paths: pd.Series, labels: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Find the original of each augmented copy.

    The original is the image with that stem in the folder of the copy. If there is none, the
    originals are all images with that stem and label in any folder (a copy in train/happy of an
    image in test/happy).

    Args:
        paths: with forward slashes.
        labels: class of each row.

    Returns:
        Whether each row is a copy, bool (N,); and a key of each row, text (N,), which a copy shares
        with its original and with the other copies; "" for rows that no copy refers to.
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
    same_folder = by_folder.isin(by_folder[~is_copy]) & is_copy
    elsewhere = is_copy & ~same_folder
    # A copy in the folder of its original takes the original's label, even if its own differs.
    original_label = by_label[~is_copy].groupby(by_folder[~is_copy]).min()
    by_label = by_label.where(~same_folder, by_folder.map(original_label))
    # If any copy needs the key by label, its original and all copies of that original use it.
    wide = by_label.isin(by_label[elsewhere])
    keys = np.where(wide, by_label, by_folder).astype(object)
    referred = pd.Series(keys).isin(keys[is_copy])
    return is_copy, np.where(referred, keys, "")
