"""Images stored inside a table become files, and the table that was passed is unchanged."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emotion.datasets.unpack import restoring_after_failure, unpack_images


@pytest.fixture
def rows():
    return pd.DataFrame(
        {
            "path": ["raw/fer2013/00000.png", "raw/fer2013/00001.png", "raw/fer2013/00002.png"],
            "problem": ["", "", "unknown label"],
            "pixels": [np.full((4, 4), 7, np.uint8), None, np.zeros((4, 4), np.uint8)],
        }
    )


def test_usable_images_are_written_and_invalid_pixels_are_a_problem(rows, tmp_path):
    unpacked = unpack_images(rows, tmp_path / "unpacked")
    assert unpacked.columns.tolist() == ["path", "problem"]
    assert unpacked["problem"].tolist() == ["", "broken pixels", "unknown label"]
    assert unpacked["path"][0] == f"{tmp_path.as_posix()}/unpacked/fer2013/00000.png"
    written = list((tmp_path / "unpacked").rglob("*.png"))
    assert [path.name for path in written] == ["00000.png"]
    assert np.array(Image.open(written[0])).tolist() == [[7] * 4] * 4


def test_the_table_that_was_passed_is_unchanged(rows, tmp_path):
    before = rows.copy(deep=True)
    unpack_images(rows, tmp_path / "unpacked")
    pd.testing.assert_frame_equal(rows, before)


def test_without_pixels_the_folder_is_replaced_by_one_without_images(rows, tmp_path):
    (tmp_path / "unpacked").mkdir()
    (tmp_path / "unpacked/old.png").touch()
    unpacked = unpack_images(rows.drop(columns="pixels"), tmp_path / "unpacked")
    assert unpacked["path"].tolist() == rows["path"].tolist()
    # Not empty: DVC warns of an empty folder at every command.
    assert [path.name for path in (tmp_path / "unpacked").iterdir()] == ["README.txt"]


@pytest.fixture
def unpacked(tmp_path):
    """The folder of an earlier run, with one image."""
    (tmp_path / "unpacked").mkdir()
    (tmp_path / "unpacked/old.png").touch()
    return tmp_path / "unpacked"


def unpack_and_raise(error, rows, folder):
    with restoring_after_failure(folder):
        unpack_images(rows, folder)
        raise error


def test_a_failed_run_brings_the_images_of_the_last_one_back(unpacked, rows):
    """The splits of the last run point to them."""
    with pytest.raises(KeyboardInterrupt):
        unpack_and_raise(KeyboardInterrupt(), rows, unpacked)
    assert [path.name for path in unpacked.iterdir()] == ["old.png"]
    assert [path.name for path in unpacked.parent.iterdir()] == ["unpacked"]


def test_a_run_that_succeeds_replaces_them(unpacked, rows):
    with restoring_after_failure(unpacked):
        unpack_images(rows, unpacked)
    assert not (unpacked / "old.png").exists()
    assert [path.name for path in unpacked.parent.iterdir()] == ["unpacked"]


def test_after_a_kill_the_next_failure_still_brings_them_back(unpacked, rows):
    unpacked.rename(unpacked.with_name(".unpacked.previous"))  # as a killed run leaves it
    unpacked.mkdir()
    (unpacked / "half.png").touch()
    with pytest.raises(ZeroDivisionError):
        unpack_and_raise(ZeroDivisionError(), rows, unpacked)
    assert [path.name for path in unpacked.iterdir()] == ["old.png"]
