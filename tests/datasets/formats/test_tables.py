"""Cells are read as text, and error messages give the line of an invalid cell."""

import os
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotion.core.errors import UserError
from emotion.datasets.formats.tables import describe_cells, read_text_table, require_columns
from tests.user_errors import user_error

HINT = "make t"


def test_cells_are_text_without_surrounding_spaces(tmp_path):
    (tmp_path / "t.csv").write_text(" a, b \n 007 ,NA\n,None\n")
    rows = read_text_table(tmp_path / "t.csv", "")
    assert rows.to_dict("list") == {"a": ["007", ""], "b": ["NA", "None"]}


def test_only_the_requested_columns_are_kept_and_missing_ones_are_named(tmp_path):
    (tmp_path / "t.csv").write_text("a, b,c\n1,2,3\n")
    rows = read_text_table(tmp_path / "t.csv", "", only=("b", "c", "d"))
    assert rows.columns.tolist() == ["b", "c"]
    with user_error("d", "it has b, c", file="t.csv", hint=HINT):
        require_columns(rows, ("b", "d"), tmp_path / "t.csv", HINT)


def test_the_error_for_a_missing_table_has_the_given_hint(tmp_path):
    with user_error(file="t.csv", hint=HINT):
        read_text_table(tmp_path / "t.csv", HINT)


def test_at_most_five_invalid_cells_are_listed_with_their_lines():
    cells = pd.Series(list("abcdef"), index=[0, 1, 2, 3, 4, 9])
    five = "'a' (line 2), 'b' (line 3), 'c' (line 4), 'd' (line 5), 'e' (line 6)"
    assert describe_cells(cells) == five + ", ..."
    assert describe_cells(cells[:5]) == five
    assert describe_cells(cells[5:]) == "'f' (line 11)"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_separators_and_encodings_of_spreadsheets_are_recognized(tmp_path, separator, encoding):
    text = separator.join(["path", "läbel"]) + "\n" + separator.join(['"a,b;c"', "froh"]) + "\n"
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    rows = read_text_table(tmp_path / "t.csv", "")
    assert rows.to_dict("list") == {"path": ["a,b;c"], "läbel": ["froh"]}


@pytest.mark.parametrize("kind", ["folder", "pipe", "loop", "device"])
def test_what_is_no_file_is_named_and_not_waited_for(tmp_path, kind):
    table = tmp_path / "t.csv"
    if kind == "folder":
        table.mkdir()
    elif kind == "pipe":
        os.mkfifo(table)
    else:
        table.symlink_to(table if kind == "loop" else "/dev/zero")
    with user_error(file="t.csv", hint="can be read"):
        read_text_table(table, HINT)


def test_a_repeated_heading_is_named_also_where_spaces_differ(tmp_path):
    (tmp_path / "t.csv").write_text("a, b,b ,c,c\n1,2,3,4,5\n")
    with user_error("b, c", file="t.csv"):
        read_text_table(tmp_path / "t.csv", "")


def test_a_huge_cell_is_not_printed_whole():
    assert len(describe_cells(pd.Series(["x" * 5_000_000]))) < 200


@given(
    st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode(errors="ignore"))
)
def test_any_bytes_are_a_table_of_text_or_refused_in_one_sentence(content):
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder, "t.csv")
        table.write_bytes(content)
        rows, error = pd.DataFrame(), None
        try:
            rows = read_text_table(table, HINT)
        except UserError as caught:
            error = str(caught)
    assert error is None or ("t.csv" in error and "\n" not in error)
    assert rows.columns.is_unique
    assert all(isinstance(cell, str) for cell in rows.to_numpy().flat)
