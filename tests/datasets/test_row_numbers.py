"""What only numbers the rows is no attribute; what describes the faces stays one."""

import pandas as pd
import pytest

from emotion.datasets.params import DataParams
from emotion.datasets.reader import read_dataset
from emotion.datasets.row_numbers import FEW, MANY, drop_row_numbers


def kept(name, cells, split=""):
    """Whether a column of these cells is kept."""
    rows = pd.DataFrame({"label": "happy", "split": split, name: list(map(str, cells))})
    return name in drop_row_numbers(rows)


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("Unnamed: 0", [5, 3, 9]),
        ("Unnamed: 0.1", ["a", "a", "b"]),
        ("", [1, 1, 1]),
        ("index", [0, 1, 2]),
        ("Index", [9, 3, 5]),  # rows were left out or shuffled
        ("image_id", [3, 1, 2]),
        ("ID", ["1.0", "2.0", "3.0"]),
        ("nummer", range(1, FEW + 2)),
        ("position", [*range(10, FEW + 12), *range(10)]),
        ("timestamp", [1_600_000_000 + 7 * row for row in range(MANY + 1)]),
    ],
)
def test_a_column_of_row_numbers_or_ids_is_left_out_and_said_so(name, cells, capsys):
    assert not kept(name, cells)
    assert len(capsys.readouterr().out.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("age", range(20, 20 + MANY)),
        ("age", [20 + row % 60 for row in range(1000)]),
        ("session", range(1, FEW + 1)),
        ("id", [1, 1, 2]),
        ("id", ["a1", "a2", "a3"]),
        ("index", ["", "1", "2"]),
        ("valence", [row / 7 for row in range(1000)]),
        ("url", [f"http://x/{row}" for row in range(1000)]),
    ],
)
def test_a_column_that_may_describe_the_faces_is_kept(name, cells, capsys):
    assert kept(name, cells)
    assert capsys.readouterr().out == ""


def test_numbers_that_start_again_in_each_split_are_left_out():
    assert not kept("index", [0, 1, 2, 0, 1], split=["train"] * 3 + ["test"] * 2)
    assert kept("index", [0, 1, 1, 0, 1], split=["train"] * 3 + ["test"] * 2)


@pytest.mark.parametrize("layout", ["csv", "split_csvs"])
def test_the_row_numbers_of_pandas_are_in_no_dataset(tmp_path, layout, capsys):
    rows = pd.DataFrame({"path": ["1.jpg", "2.jpg"], "label": ["happy", "sad"], "age": [30, 40]})
    for name in ("labels.csv", "train.csv", "test.csv"):
        rows.to_csv(tmp_path / name)
    found, _ = read_dataset(DataParams(root=str(tmp_path), format=layout))
    assert "age" in found
    assert not [name for name in found if name == "" or name.startswith("Unnamed")]
    assert "1 without a heading" in capsys.readouterr().out
