"""Pair the predictions of two revisions for the same images."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from emotion.core.errors import UserError
from emotion.evaluation.comparison.predictions import RevisionPredictions


@dataclass(frozen=True)
class PairedRows:
    """Two predictions for each of N images; classes are indices into `class_names`."""

    class_names: list[str]  # of the first, then those that only the second knows
    labels: np.ndarray  # (N,)
    predicted: tuple[np.ndarray, np.ndarray]  # each (N,)
    confidence: tuple[np.ndarray, np.ndarray]  # each (N,), of the predicted class
    groups: np.ndarray  # (N,) indices
    unshared: list[str]  # classes that only one revision knows
    only_first: int  # images that the second does not have
    only_second: int
    conflicts: int  # images with different labels, which are left out

    @property
    def group_count(self) -> int:
        """Number of groups, at least 1."""
        return int(self.groups.max()) + 1


def pair_rows(first: RevisionPredictions, second: RevisionPredictions) -> PairedRows:
    """Pair rows by the hash of the image.

    Where a hash occurs several times, the rows are paired in the order of their paths. Images with
    different labels are left out. Groups are joined if they share an image in either revision.

    Raises:
        UserError: no image is in both; or the label of one is a class that the other revision does
            not know, so its model could not be correct.
    """
    both = _numbered(first).merge(_numbered(second), on=["sha256", "copy"])
    unpaired = [len(predictions.rows) - len(both) for predictions in (first, second)]
    if both.empty:
        raise UserError(
            f"'{first.revision}' and '{second.revision}' have no image in common, so they "
            "cannot be paired; evaluate both on the same images."
        )
    labels = set(both["label_x"]) | set(both["label_y"])
    known = set(first.class_names) & set(second.class_names)
    if not labels <= known:
        raise UserError(
            f"'{first.revision}' has the classes {', '.join(first.class_names)}, and "
            f"'{second.revision}' has {', '.join(second.class_names)}; a comparison needs "
            "images of classes that both know. Evaluate both with the same classes."
        )
    agreed = both[both["label_x"] == both["label_y"]]
    if agreed.empty:
        raise UserError(
            f"'{first.revision}' and '{second.revision}' agree on the label of no image; evaluate "
            "both with the same labels."
        )
    names = list(dict.fromkeys([*first.class_names, *second.class_names]))
    index = {name: number for number, name in enumerate(names)}
    return PairedRows(
        class_names=names,
        labels=agreed["label_x"].map(index).to_numpy(),
        predicted=_both(agreed["predicted_x"].map(index), agreed["predicted_y"].map(index)),
        confidence=_both(agreed["confidence_x"], agreed["confidence_y"]),
        groups=_join_groups(agreed["group_x"], agreed["group_y"]),
        unshared=[name for name in names if name not in known],
        only_first=unpaired[0],
        only_second=unpaired[1],
        conflicts=len(both) - len(agreed),
    )


def _numbered(predictions: RevisionPredictions) -> pd.DataFrame:
    rows = predictions.rows.sort_values("path")
    return rows.assign(copy=rows.groupby("sha256").cumcount())


def _both(first: pd.Series, second: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    return first.to_numpy(), second.to_numpy()


def _join_groups(first: pd.Series, second: pd.Series) -> np.ndarray:
    """Connected components of the groups of both revisions: index of each row's, shape (N,)."""
    left, right = pd.factorize(first)[0], pd.factorize(second)[0] + first.nunique()
    nodes = first.nunique() + second.nunique()
    edges = sparse.coo_array((np.ones(len(left)), (left, right)), shape=(nodes, nodes))
    components = sparse.csgraph.connected_components(edges, directed=False)[1]
    return np.unique(components[left], return_inverse=True)[1]
