"""Cells are read as text, and error messages give the line of an invalid cell."""

import pandas as pd
import pytest

from emotion.core.errors import UserError
from emotion.datasets.tables import describe_cells, read_text_table, require_columns


def test_cells_are_text_without_surrounding_spaces(tmp_path):
    (tmp_path / "t.csv").write_text(" a, b \n 007 ,NA\n,None\n")
    rows = read_text_table(tmp_path / "t.csv", "")
    assert rows.to_dict("list") == {"a": ["007", ""], "b": ["NA", "None"]}


def test_only_the_requested_columns_are_kept_and_missing_ones_are_reported_later(tmp_path):
    (tmp_path / "t.csv").write_text("a, b,c\n1,2,3\n")
    rows = read_text_table(tmp_path / "t.csv", "", only=("b", "c", "d"))
    assert rows.columns.tolist() == ["b", "c"]
    with pytest.raises(UserError, match=r"t\.csv lacks the column\(s\) d; it has b, c\. Fix\."):
        require_columns(rows, ("b", "d"), tmp_path / "t.csv", "Fix.")


def test_a_missing_table_error_ends_with_the_given_text(tmp_path):
    with pytest.raises(UserError, match=r"t\.csv does not exist; so and so\.$"):
        read_text_table(tmp_path / "t.csv", "so and so.")


def test_at_most_five_invalid_cells_are_listed_with_their_lines():
    cells = pd.Series(list("abcdef"), index=[0, 1, 2, 3, 4, 9])
    five = "'a' (line 2), 'b' (line 3), 'c' (line 4), 'd' (line 5), 'e' (line 6)"
    assert describe_cells(cells) == five + ", ..."
    assert describe_cells(cells[:5]) == five
    assert describe_cells(cells[5:]) == "'f' (line 11)"
