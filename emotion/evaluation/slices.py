"""Compute scores per attribute value: a mean can hide a model that fails on one skin tone.

Slices are the values of each attribute column of the dataset (`skin_tone`, `age`, ...), of the
source dataset, and of whether the image is synthetic. `slice_gaps` tests whether they differ.
"""

import re
from itertools import count

import numpy as np
import pandas as pd

from emotion.data.manifest import attribute_columns
from emotion.evaluation.predictions import SplitPredictions
from emotion.metrics.bootstrap import interval_of, resample_sums
from emotion.metrics.scores import macro_f1_of
from emotion.metrics.sums import accuracy_of, confusions, count_cells

MIN_ROWS = 20  # the 95 % interval of a smaller slice is wider than about 40 percentage points
MAX_VALUES = 12  # a column with more values holds measurements or names, not categories
MISSING = "(missing)"  # the slice of the rows without a value
NOT_SLICED = "not sliced"  # begins the note of an attribute of too many values
SCORES = {"accuracy": accuracy_of, "macro_f1": macro_f1_of}
COLUMNS = (
    ["attribute", "value", "rows", "groups"]
    + [f"{score}{end}" for score in SCORES for end in ("", "_low", "_high")]
    + ["note"]
)


def score_slices(predictions: SplitPredictions, resamples: int) -> pd.DataFrame:
    """Score the rows of each attribute value.

    Args:
        predictions: of one split.
        resamples: bootstrap resamples for each slice.

    Returns:
        COLUMNS, one row per value, values in natural order. Scores are in 0..1, with 95 %
        intervals; macro-F1 is over the classes that occur in the slice. Too small slices have only
        their counts, and slices of one group have no intervals; `note` has the reason. An attribute
        that is not sliced has one row with its number of values in `note`.
    """
    cells = count_cells(predictions.labels, predictions.predicted, len(predictions.class_names))
    groups = predictions.rows["group"].to_numpy()
    table: list[dict[str, str | float]] = []
    for attribute, values in read_attributes(predictions.rows).items():
        if not is_sliced(values):
            known = values[values != MISSING]
            note = f"{NOT_SLICED}: {known.nunique():,} different values"
            table.append(
                {"attribute": attribute, "value": "(all)", "note": note}
                | {"rows": len(known), "groups": len(set(groups[known.index]))}
            )
            continue
        for value in _order_values(values):
            mask = (values == value).to_numpy()
            scores = _score(cells[mask], groups[mask], resamples)
            table.append({"attribute": attribute, "value": value, **scores})
    return pd.DataFrame(table, columns=COLUMNS).round(6)


def read_attributes(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """The slice that each row belongs to, by attribute.

    Args:
        rows: of a manifest.

    Returns:
        Per attribute text (N,), with index 0..N-1: the value, MISSING if there is none, or the
        quartile if the values are more than MAX_VALUES numbers. `source` and `synthetic` are left
        out if they have one value.
    """
    names = attribute_columns(rows)
    names += [name for name in ("source", "synthetic") if rows[name].nunique() > 1]
    columns = {name: rows[name].astype(str).reset_index(drop=True) for name in names}
    return {name: _bin_numbers(column.replace("", MISSING)) for name, column in columns.items()}


def is_sliced(values: pd.Series) -> bool:
    """Whether there are at most MAX_VALUES different values, without the missing ones."""
    return bool(values[values != MISSING].nunique() <= MAX_VALUES)


def _order_values(values: pd.Series) -> list[str]:
    """The different values in natural order (monk_2 before monk_10, -5 before 2), MISSING last."""

    def key(value: str) -> tuple[bool, float, list[str | int], str]:
        # Texts and digits alternate in the list, so equal positions have equal types.
        parts = [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", value)]
        return value == MISSING, _first_number(value), parts, value

    return sorted(map(str, values.unique()), key=key)


def _first_number(value: str) -> float:
    """The number at the start, as in "-5" and "-5 to 2"; infinity if there is none."""
    number = re.match(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?(?= to |$)", value, re.IGNORECASE)
    return float(number[0]) if number else float("inf")


def _bin_numbers(values: pd.Series) -> pd.Series:
    """Replace more than MAX_VALUES different numbers by quartiles such as "18 to 25"."""
    if is_sliced(values):
        return values
    numbers = pd.to_numeric(values[values != MISSING], errors="coerce")
    if not np.isfinite(numbers).all():
        return values
    # Rows of equal value are never in two bins, so bins differ in size where many rows tie.
    # A limit below the largest number keeps at least two bins, even if most rows have that one.
    below = numbers[numbers < numbers.max()].max()
    limits = np.unique(np.minimum(np.quantile(numbers, (0.25, 0.5, 0.75)), below))
    bins = np.searchsorted(limits, numbers)
    ranges = [numbers[bins == number] for number in np.unique(bins)]
    edges = [edge for part in ranges for edge in (part.min(), part.max())]
    names = _short_texts(edges)
    binned = values.copy()
    for part in ranges:
        low, high = (names[edge] for edge in (part.min(), part.max()))
        binned[part.index] = low if low == high else f"{low} to {high}"
    return binned


def _short_texts(numbers: list[float]) -> dict[float, str]:
    """Decimal texts with as few digits as keep different numbers apart, at least two decimals."""
    for decimals in count(2):
        texts = {x: np.format_float_positional(x, decimals, trim="-") for x in numbers}
        if len(set(texts.values())) == len(texts):
            break
    return texts


def _score(cells: np.ndarray, groups: np.ndarray, resamples: int) -> dict[str, float | str]:
    """Counts, scores and note of the rows of one slice."""
    different = len(set(groups))
    found: dict[str, float | str] = {"rows": len(cells), "groups": different, "note": ""}
    if len(cells) < MIN_ROWS:
        return found | {"note": f"too small: fewer than {MIN_ROWS} images"}
    total = confusions(cells.sum(axis=0))
    resampled = confusions(resample_sums(cells, groups, resamples))
    for name, score_of in SCORES.items():
        found[name] = float(score_of(total))
        interval = interval_of(score_of(resampled), different)
        if interval is None:
            found["note"] = "no interval: one group"
        else:
            found |= {f"{name}_low": interval.low, f"{name}_high": interval.high}
    return found
