"""Cells are text, as written, and what is wrong with them has a place."""

import pandas as pd
import pytest

from emotion.core.errors import UserError
from emotion.datasets.tables import describe_cells, read_text_table, require_columns


def test_cells_stay_text_without_the_spaces_around_them(tmp_path):
    (tmp_path / "t.csv").write_text(" a, b \n 007 ,NA\n,None\n")
    rows = read_text_table(tmp_path / "t.csv", "")
    assert rows.to_dict("list") == {"a": ["007", ""], "b": ["NA", "None"]}


def test_only_the_columns_asked_for_are_kept_and_one_that_lacks_is_no_error_yet(tmp_path):
    (tmp_path / "t.csv").write_text("a, b,c\n1,2,3\n")
    rows = read_text_table(tmp_path / "t.csv", "", only=("b", "c", "d"))
    assert rows.columns.tolist() == ["b", "c"]
    with pytest.raises(UserError, match=r"t\.csv lacks the column\(s\) d; it has b, c\. Cure\."):
        require_columns(rows, ("b", "d"), tmp_path / "t.csv", "Cure.")


def test_a_missing_table_says_what_it_is_for(tmp_path):
    with pytest.raises(UserError, match=r"t\.csv does not exist; so and so\.$"):
        read_text_table(tmp_path / "t.csv", "so and so.")


def test_five_offending_cells_are_shown_with_their_lines():
    cells = pd.Series(list("abcdef"), index=[0, 1, 2, 3, 4, 9])
    five = "'a' (line 2), 'b' (line 3), 'c' (line 4), 'd' (line 5), 'e' (line 6)"
    assert describe_cells(cells) == five + ", ..."
    assert describe_cells(cells[:5]) == five
    assert describe_cells(cells[5:]) == "'f' (line 11)"
