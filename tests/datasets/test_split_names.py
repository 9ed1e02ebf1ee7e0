"""Names of splits are recognized in any spelling, and all rows have a split, or none."""

import pandas as pd
import pytest

from emotion.datasets.split_names import canonical_split, map_splits
from tests.user_errors import user_error


@pytest.mark.parametrize(
    ("name", "split"),
    [("ＴＲＡＩＮ", "train"), ("test\u200b", "test"), ("\u00a0Valid", "val"), ("dev", None)],
)
def test_a_split_is_recognized_in_any_spelling(name, split):
    assert canonical_split(name) == split


@pytest.mark.parametrize("cell", ["", "nan", "NaN", "None", "<NA>"])
def test_a_cell_for_no_value_is_no_split(cell):
    assert map_splits(pd.Series([cell, ""]), "faces").tolist() == ["", ""]
    with user_error("1 of 2 rows have no split", file="faces"):
        map_splits(pd.Series([cell, "train"]), "faces")
