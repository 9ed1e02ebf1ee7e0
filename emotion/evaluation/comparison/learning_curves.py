"""Read learning curves at a revision: the line plots that dvc.yaml declares for `dvc plots`.

Only the tables of these plots are read. `dvc plots diff --json` gives the same points, but it also
fetches every image among the plots.
"""

import io
from dataclasses import dataclass
from typing import Any

import pandas as pd
import yaml

from emotion.core.errors import UserError
from emotion.evaluation.comparison.revisions import read_text


@dataclass(frozen=True)
class Curve:
    """One plot: columns of `values` are its curves, the index their common x, such as the epoch."""

    title: str
    y_label: str
    values: pd.DataFrame


def read_curves(revision: str, pipeline_file: str) -> list[Curve]:
    """The line plots of dvc.yaml at a revision, in its order.

    Args:
        revision: as for `read_text`.
        pipeline_file: dvc.yaml, from the root of the repository.

    Raises:
        UserError: it cannot be read or has no line plots, or a table cannot be read.
    """
    try:
        pipeline = yaml.safe_load(read_text(revision, pipeline_file)) or {}
    except yaml.YAMLError:
        problem = f"at {revision} is not valid YAML"
        raise UserError(problem, "correct it", file=pipeline_file) from None
    lines = [
        (name, plot)
        for entry in pipeline.get("plots", [])
        if isinstance(entry, dict)  # others are files, such as images
        for name, plot in entry.items()
        if plot and "x" in plot and isinstance(plot.get("y"), dict) and "template" not in plot
    ]
    if not lines:
        problem = f"at {revision} has no line plots"
        raise UserError(problem, "declare one under `plots`", file=pipeline_file)
    return [_read_curve(revision, name, plot) for name, plot in lines]


def _read_curve(revision: str, name: str, plot: dict[str, Any]) -> Curve:
    tables = [_read_table(revision, path, plot["x"], column) for path, column in plot["y"].items()]
    values = pd.concat(tables, axis=1)
    return Curve(plot.get("title", name), plot.get("y_label", values.columns[0]), values)


def _read_table(revision: str, path: str, x: str, column: str) -> pd.DataFrame:
    try:
        separator = "\t" if path.endswith(".tsv") else ","
        table = pd.read_csv(io.StringIO(read_text(revision, path)), sep=separator)
        return table[[x, column]].set_index(x)
    except (KeyError, pd.errors.ParserError, pd.errors.EmptyDataError):
        problem = f"at {revision} is not a table with the columns {x} and {column}"
        raise UserError(problem, "run `dvc repro` at that revision", file=path) from None
