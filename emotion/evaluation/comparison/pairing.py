"""Pair the predictions of two revisions for the same images."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from emotion.core.errors import UserError
from emotion.data.labels import class_indices
from emotion.evaluation.comparison.predictions import RevisionPredictions


@dataclass(frozen=True)
class PairedRows:
    """Two predictions for each of N images; classes are indices into `class_names`."""

    class_names: list[str]  # of the first, then those that only the second has
    labels: np.ndarray  # int64 (N,)
    predicted: tuple[np.ndarray, np.ndarray]  # each int64 (N,)
    confidence: tuple[np.ndarray, np.ndarray]  # each float64 (N,), of the predicted class
    groups: np.ndarray  # int64 (N,), indices
    unshared: list[str]  # classes that only one revision has
    only_first: int  # images that the second does not have
    only_second: int
    conflicts: int  # images with different labels, which are left out

    @property
    def group_count(self) -> int:
        """Number of groups, at least 1."""
        return int(self.groups.max()) + 1


def pair_rows(first: RevisionPredictions, second: RevisionPredictions) -> PairedRows:
    """Pair rows by the hash of the image, or of the crop of its face.

    That of the crop is the same for all kinds of crops. If only one revision detects faces, its
    largest face of each image is paired with the whole image. Where a hash occurs several times,
    the rows are paired in their order: images of equal pixels have equal labels and groups
    (`prepare_splits`) and therefore equal predictions. Images whose label differs are left out.
    Groups are joined if they share an image in either revision.

    Raises:
        UserError: no image is in both; or the label of one is not a class of the other revision,
            whose model could not be correct.
    """
    left, right = _keyed(first, second), _keyed(second, first)
    both = left.merge(right, on=["key", "copy"])
    pair = f"'{first.revision}' and '{second.revision}'"
    if both.empty:
        raise UserError(f"{pair} have no image in common", "evaluate both on the same images")
    labels = set(both["label_x"]) | set(both["label_y"])
    common = set(first.class_names) & set(second.class_names)
    if not labels <= common:
        raise UserError(
            f"images have the label(s) {', '.join(sorted(labels - common))}, "
            f"but '{first.revision}' has the classes {', '.join(first.class_names)}, "
            f"and '{second.revision}' has {', '.join(second.class_names)}",
            "evaluate both with the same classes",
        )
    agreed = both[both["label_x"] == both["label_y"]]
    if agreed.empty:
        raise UserError(f"{pair} agree on no label", "evaluate both with the same labels")
    names = list(dict.fromkeys([*first.class_names, *second.class_names]))
    one, two = (class_indices(agreed[name], names) for name in ("predicted_x", "predicted_y"))
    return PairedRows(
        class_names=names,
        labels=class_indices(agreed["label_x"], names),
        predicted=(one, two),
        confidence=(agreed["confidence_x"].to_numpy(), agreed["confidence_y"].to_numpy()),
        groups=_join_groups(agreed["group_x"], agreed["group_y"]),
        unshared=[name for name in names if name not in common],
        only_first=len(left) - len(both),
        only_second=len(right) - len(both),
        conflicts=len(both) - len(agreed),
    )


def _keyed(predictions: RevisionPredictions, other: RevisionPredictions) -> pd.DataFrame:
    """The rows with `key`, a hash by which they are paired, and `copy`, their number in it."""
    rows, of_crops, of_images = predictions.rows, "sha256", "image_sha256"
    if of_images in rows and of_images not in other.rows:
        rows = rows[rows["face"] == "0"]
        rows = rows.assign(key=rows[of_images])
    else:
        rows = rows.assign(key=rows[of_crops])
    return rows.assign(copy=rows.groupby("key").cumcount())


def _join_groups(first: pd.Series, second: pd.Series) -> np.ndarray:
    """Connected components of the groups of both revisions: index of each row's, shape (N,)."""
    left, right = pd.factorize(first)[0], pd.factorize(second)[0] + first.nunique()
    nodes = first.nunique() + second.nunique()
    edges = sparse.coo_array((np.ones(len(left)), (left, right)), shape=(nodes, nodes))
    components = sparse.csgraph.connected_components(edges, directed=False)[1]
    return np.unique(components[left], return_inverse=True)[1]
