"""Read the predictions of a revision from a table that the stage `evaluate` writes.

It writes two kinds: for Git, with rounded probabilities, and for the DVC cache, with logits. Both
give the same `RevisionPredictions`, so a comparison does not depend on which was read.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from emotion.core.errors import UserError
from emotion.data.labels import check_class_names, class_indices
from emotion.evaluation.comparison.revisions import MissingFileError, read_text
from emotion.evaluation.predictions import GIT_DECIMALS

COLUMNS = ("sha256", "group", "label", "predicted")  # of both kinds
FACE = ("image_sha256", "face")  # of both kinds, where faces are detected
CONFIDENCE, LOGIT = "confidence", "logit_"  # in the cache; logit_<class>, in label-map order
PROBABILITY = "probability_"  # in Git; probability_<class>, in label-map order
ROUNDING = 0.51 * 10**-GIT_DECIMALS  # of a probability, which is rounded twice


class NoRowsError(UserError):
    """The table has its header alone, as that in Git for a large split."""


@dataclass(frozen=True)
class RevisionPredictions:
    """Predictions for one split at a revision.

    `rows` has the columns of COLUMNS, and of FACE if the table has them, non-empty text, and
    `confidence`, a number in 0..1 with GIT_DECIMALS. Labels and predicted classes are in
    `class_names`.
    """

    revision: str
    rows: pd.DataFrame
    class_names: list[str]


def read_predictions(
    revision: str, paths: Sequence[str], repo: Path = Path()
) -> RevisionPredictions:
    """Read the predictions of a revision.

    Args:
        revision: a commit, branch, tag, DVC experiment, or "workspace".
        paths: of the tables, relative to the root of the DVC repository; the first that the
            revision has, with rows, is read.
        repo: any folder of the repository.

    Raises:
        UserError: no table can be read; or it is of an older version, or malformed.
    """
    path, *others = paths
    try:
        return parse_predictions(read_text(revision, path, repo), revision, path)
    except (MissingFileError, NoRowsError) as error:
        if not others:
            raise
        reason = _without_hint(error)
    try:
        return read_predictions(revision, others, repo)
    except UserError as error:
        problem = f"{reason}, and {_without_hint(error)}"
        raise UserError(problem, error.hint) from None


def parse_predictions(text: str, revision: str, path: str) -> RevisionPredictions:
    """Check the content of a table of predictions.

    Args:
        text: the content.
        revision: that it is from.
        path: named in errors.

    Raises:
        NoRowsError: it has its header alone.
        UserError: it lacks columns, or has values that cannot be predictions.
    """
    hint = "run `dvc repro evaluate` at that revision with the present code"
    try:
        table = _read_cells(text)
        names = _read_class_names(table)
        if not table.empty:
            _check_cells(table, names)
            columns = [*COLUMNS, *(name for name in FACE if name in table)]
            rows = table[columns].assign(confidence=_read_confidence(table, names))
            return RevisionPredictions(revision, rows, names)
    except ValueError as error:  # of pandas too
        problem = f"of '{revision}' is not a table of predictions ({' '.join(str(error).split())})"
        raise UserError(problem, hint, file=path) from None
    raise NoRowsError(f"of '{revision}' has no rows", hint, file=path)


def _read_cells(text: str) -> pd.DataFrame:
    # If pandas took the first row as header, it would rename repeated columns, and in a table whose
    # rows are all longer than the header take the first column as names of the rows.
    cells = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False, header=None)
    table = cells[1:].set_axis(cells.iloc[0].tolist(), axis="columns").reset_index(drop=True)
    if missing := [column for column in COLUMNS if column not in table]:
        raise ValueError(f"it lacks the column(s) {', '.join(missing)}, as of an older version")
    if repeated := table.columns[table.columns.duplicated()].tolist():
        raise ValueError(f"it has the column {repeated[0]} twice")
    return table


def _read_class_names(table: pd.DataFrame) -> list[str]:
    prefix = LOGIT if CONFIDENCE in table else PROBABILITY
    columns = map(str, table)
    names = [name.removeprefix(prefix) for name in columns if name.startswith(prefix)]
    if not names:
        raise ValueError(f"it has no columns {prefix}<class>")
    return check_class_names(names)


def _check_cells(table: pd.DataFrame, class_names: list[str]) -> None:
    images = [name for name in ("path", "face") if name in table]
    if "path" in table and (repeated := table.duplicated(images)).any():
        raise ValueError(f"it has the image {table['path'][repeated].iloc[0]} more than once")
    for column in (name for name in (*COLUMNS, *FACE) if name in table):
        if empty := (table[column] == "").sum():
            raise ValueError(f"it has {empty:,} row(s) without {column}")
    if unknown := sorted({*table["label"], *table["predicted"]} - set(class_names)):
        classes = ", ".join(class_names)
        raise ValueError(f"it has the class(es) {', '.join(unknown)}, but columns for {classes}")


def _read_confidence(table: pd.DataFrame, class_names: list[str]) -> np.ndarray:
    """Probability of the predicted class, float64 (N,)."""
    if CONFIDENCE in table:
        return _read_numbers(table[[CONFIDENCE]])[:, 0]
    probabilities = _read_numbers(table[[f"{PROBABILITY}{name}" for name in class_names]])
    errors = np.abs(probabilities.sum(axis=1) - 1)
    if wrong := (errors > ROUNDING * len(class_names)).sum():
        raise ValueError(f"it has {wrong:,} row(s) whose probabilities do not sum to 1")
    predicted = class_indices(table["predicted"], class_names)
    confidence = probabilities[np.arange(len(table)), predicted]
    if wrong := (confidence < probabilities.max(axis=1)).sum():
        raise ValueError(f"it has {wrong:,} row(s) whose predicted class is not the most probable")
    return np.asarray(confidence)


def _read_numbers(cells: pd.DataFrame) -> np.ndarray:
    """Probabilities, float64 of the same shape, with GIT_DECIMALS."""
    numbers = cells.apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    inside = (numbers >= 0) & (numbers <= 1)  # NaN is not
    if not inside.all():
        column = cells.columns[~inside.all(axis=0)][0]
        raise ValueError(f"it has a {column} that is not a number in 0..1")
    return np.round(numbers, GIT_DECIMALS)


def _without_hint(error: UserError) -> str:
    return str(error).removesuffix(f"; {error.hint}.")
