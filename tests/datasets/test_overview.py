"""The numbers of the splits, and their plot."""

import pandas as pd
import pytest
from PIL import Image

from emotion.datasets import overview


@pytest.fixture
def rows():
    records = [
        ("happy", "train", "ann", "web", True),
        ("happy", "train", "ann", "lab", False),
        ("sad", "train", "", "lab", False),
        ("sad", "train", "bob", "lab", False),
        ("sad", "val", "", "lab", True),
        ("happy", "test", "cid", "lab", True),
    ]
    return pd.DataFrame(records, columns=["label", "split", "subject", "source", "synthetic"])


def test_numbers_are_the_hand_counted_ones(rows):
    assert overview.compute_overview(rows, rejected=2, leaks={"subjects": 0, "files": 1}) == {
        "rows": {"total": 6, "train": 4, "val": 1, "test": 1, "rejected": 2},
        "subjects": {"train": 2, "val": 0, "test": 1},
        "classes": {
            "happy": {"train": 2, "val": 0, "test": 1},
            "sad": {"train": 2, "val": 1, "test": 0},
        },
        "synthetic_fraction": 0.25,
        "source": {"lab": 5, "web": 1},
        "leaks": {"subjects": 0, "files": 1},
    }


def test_the_headline_warns_of_leaks_and_only_of_leaks(rows):
    clean = overview.compute_overview(rows, 0, {"subjects": 0, "files": 0})
    text = overview.describe_overview(clean)
    assert (
        text == "6 pictures: train 4, val 1, test 1; 0 rejected; subjects: train 2, val 0, test 1"
    )
    leaky = overview.compute_overview(rows, 0, {"subjects": 3, "files": 0})
    headline, warning = overview.describe_overview(leaky).splitlines()
    assert headline == text
    assert "3 subjects and 0 files stand in more than one split" in warning


def test_subjects_are_not_mentioned_where_none_is_known(rows):
    numbers = overview.compute_overview(rows.assign(subject=""), 0, {"subjects": 0, "files": 0})
    assert "subjects" not in overview.describe_overview(numbers)


def test_the_plot_has_the_same_bytes_for_any_row_order(rows, tmp_path):
    overview.plot_class_distribution(tmp_path / "a.png", rows)
    overview.plot_class_distribution(tmp_path / "b.png", rows.iloc[::-1])
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as picture:
        assert "Software" not in picture.info
        assert min(picture.size) > 300
