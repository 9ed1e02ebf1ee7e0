"""Read the predictions of a revision from the CSV that the stage `evaluate` writes."""

import io
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from emotion.core.errors import UserError
from emotion.evaluation.comparison.revisions import read_text

COLUMNS = ("path", "sha256", "group", "label", "predicted", "confidence")
LOGIT = "logit_"  # columns logit_<class>, in label-map order


@dataclass(frozen=True)
class RevisionPredictions:
    """Predictions for one split at a revision.

    `rows` has the columns of COLUMNS; all are non-empty text, only the confidence is a number in
    0..1. Labels and predicted classes are in `class_names`.
    """

    revision: str
    rows: pd.DataFrame
    class_names: list[str]


def read_predictions(revision: str, path: str, repo: Path = Path()) -> RevisionPredictions:
    """Read the predictions of a revision.

    Args:
        revision: a commit, branch, tag, DVC experiment, or "workspace".
        path: of the CSV, relative to the root of the DVC repository.
        repo: any folder of the repository.

    Raises:
        UserError: the file cannot be read, is of an older version, or is malformed.
    """
    return parse_predictions(read_text(revision, path, repo), revision, path)


def parse_predictions(text: str, revision: str, path: str) -> RevisionPredictions:
    """Check the content of a CSV of predictions.

    Args:
        text: the content.
        revision: that it is from.
        path: named in errors.

    Raises:
        UserError: it lacks columns, has no rows, or has values that cannot be predictions.
    """
    hint = "run `dvc repro evaluate` at that revision with the present code"
    try:
        table = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    except ValueError as error:  # of pandas, for no columns and for rows of another length
        problem = " ".join(str(error).split())
        raise UserError(f"of '{revision}' is not a table ({problem})", hint, file=path) from None
    names = [str(name).removeprefix(LOGIT) for name in table if str(name).startswith(LOGIT)]
    if problem := _find_problem(table, names):
        raise UserError(f"of '{revision}' {problem}", hint, file=path)
    rows = table[list(COLUMNS)].assign(confidence=pd.to_numeric(table["confidence"]))
    return RevisionPredictions(revision, rows, names)


def _find_problem(rows: pd.DataFrame, class_names: list[str]) -> str:
    """What is wrong with the columns or the values; "" for nothing."""
    if missing := [column for column in COLUMNS if column not in rows]:
        return f"lacks the column(s) {', '.join(missing)}, as an older version wrote it"
    if rows.empty:
        return "has no rows"
    for column in COLUMNS:
        if (rows[column] == "").any():
            return f"has {(rows[column] == '').sum():,} rows without {column}"
    if not pd.to_numeric(rows["confidence"], errors="coerce").between(0, 1).all():
        return "has a confidence that is not a number in 0..1"
    if unknown := sorted({*rows["label"], *rows["predicted"]} - set(class_names)):
        found = ", ".join(class_names)
        return f"has the class(es) {', '.join(unknown)}, but columns {LOGIT}* for {found}"
    return ""
