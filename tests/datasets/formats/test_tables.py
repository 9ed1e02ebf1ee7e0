"""Cells are read as text, and error messages give the line of an invalid cell."""

import csv
import gzip
import io
import os
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.core.errors import UserError
from emotion.datasets.formats.tables import (
    describe_cells,
    find_in,
    read_text_table,
    require_columns,
)
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


def test_at_most_five_invalid_cells_are_listed_with_their_lines(tmp_path):
    (tmp_path / "t.csv").write_text("path\n" + "x\n" * 10)
    cells = pd.Series(list("abcdef"), index=[0, 1, 2, 3, 4, 9])
    five = "'a' (line 2), 'b' (line 3), 'c' (line 4), 'd' (line 5), 'e' (line 6)"
    assert describe_cells(cells, tmp_path / "t.csv") == five + ", ..."
    assert describe_cells(cells[:5], tmp_path / "t.csv") == five
    assert describe_cells(cells[5:], tmp_path / "t.csv") == "'f' (line 11)"


def test_the_line_of_a_cell_is_that_of_the_file_whatever_is_above_it(tmp_path):
    lines = ["sep=;", "", "path;note", '1.png;"one', 'note"', "", ";", "2.png;wrong"]
    for end in ("\n", "\r\n", "\r"):
        (tmp_path / "t.csv").write_bytes(end.join(lines).encode())
        rows = read_text_table(tmp_path / "t.csv", "")
        invalid = rows["note"][rows["note"] == "wrong"]
        assert describe_cells(invalid, tmp_path / "t.csv") == "'wrong' (line 8)"


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "sep=;;", "\ufeffsep=;\r"])
def test_the_line_of_excel_that_names_the_separator_is_no_row(tmp_path, first):
    (tmp_path / "t.csv").write_text(f"{first}\na,b;c\n1,2;3\n", encoding="utf-8")
    rows = read_text_table(tmp_path / "t.csv", "")
    assert rows.to_dict("list") == {"a,b": ["1,2"], "c": ["3"]}


def test_a_separator_that_the_headings_do_not_have_is_not_believed(tmp_path):
    (tmp_path / "t.csv").write_text("sep=;\na,b\n1,2\n")
    assert read_text_table(tmp_path / "t.csv", "").to_dict("list") == {"a": ["1"], "b": ["2"]}


@pytest.mark.parametrize("path", ["t.csv.gz", "labels.zip", "corpus.tar.xz"])
def test_an_archive_beside_a_missing_table_is_to_be_unpacked(tmp_path, path):
    (tmp_path / path).touch()
    with user_error(file="t.csv", hint=f"unpack {path}"):
        read_text_table(tmp_path / "t.csv", HINT)
    with user_error(file=tmp_path, hint=f"unpack {path}"):
        find_in(tmp_path, ["t.csv"], Path.is_file, HINT)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (gzip.compress(b"a,b\n1,2\n", mtime=0), "gzip archive"),
        (b"<!doctype html><title>a,b</title>", "HTML page"),
        (b'[{"path": "1.png"}]', "JSON"),
        ("a,b\n1,2\n".encode("utf-16-le"), "UTF-16"),
        (bytes(500), "damaged"),
    ],
)
def test_what_is_no_table_is_named_and_not_read(tmp_path, content, kind):
    (tmp_path / "t.csv").write_bytes(content)
    with user_error(kind, file="t.csv"):
        read_text_table(tmp_path / "t.csv", HINT)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
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


def test_a_huge_cell_and_huge_headings_are_not_printed_whole(tmp_path):
    (tmp_path / "t.csv").write_text(f"a\n{'x' * 1_000_000}\n")
    cells = read_text_table(tmp_path / "t.csv", "")["a"]
    assert len(describe_cells(cells, tmp_path / "t.csv")) < 200
    with user_error("b", hint=HINT) as caught:
        require_columns(pd.DataFrame(columns=range(10_000)), ["b"], tmp_path / "t.csv", HINT)
    assert len(str(caught.value)) < 800


# csv writes a lone carriage return without quotes, where it would end the row.
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8)
# A table of one column does not show its separator.
TABLES = st.integers(2, 3).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=5)
)


@settings(deadline=None)
@given(
    cells=TABLES,
    separator=st.sampled_from([",", ";", "\t", "|"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    end=st.sampled_from(["\n", "\r\n"]),
    first=st.sampled_from(["", "sep={}{}", '"sep={}"{}', "{1}", "  {1}"]),
    blank=st.integers(0, 2),
)
def test_the_same_rows_are_read_however_a_table_is_written(
    cells, separator, quoting, encoding, end, first, blank
):
    names = ["path", "label", "subject"][: len(cells[0]) if cells else 2]
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=separator, quoting=quoting, lineterminator=end)
    writer.writerow(names)
    for row in cells:
        writer.writerow(row)
        buffer.write(end * blank)
    text = first.format(separator, end) + buffer.getvalue()
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder, "t.csv")
        table.write_bytes(text.encode(encoding))
        rows = read_text_table(table, HINT)
        lines = describe_cells(rows["path"].tail(1), table) if len(rows) else ""
    stripped = [[cell.strip() for cell in row] for row in cells]
    assert rows.columns.tolist() == names
    assert rows.to_numpy().tolist() == [row for row in stripped if any(row)]
    if lines:
        number = int(lines.rpartition("(line ")[2].rstrip(")"))
        last = [row for row in cells if any(cell.strip() for cell in row)][-1]
        first_line = last[0].split("\n")[0].replace('"', "")
        assert first_line in text.split("\n")[number - 1].replace('"', "")


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
