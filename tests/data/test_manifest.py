"""A manifest is read back as it was written."""

import os

import pandas as pd
import pytest

from emotion.core.errors import UserError
from emotion.data import manifest


def example_rows():
    return pd.DataFrame(
        {
            "skin_tone": ["03", ""],  # an attribute: text, leading zero kept
            "path": ["a/1,2.png", 'a/"q".png'],
            "label": ["happy", "none"],
            "split": ["train", "test"],
            "subject": ["007", ""],
            "source": ["s", "NA"],
            "group": ["00e1", "12"],
            "sha256": ["0" * 64, "1" * 64],
            "width": [3, 40],
            "height": [5, 60],
            "synthetic": [True, False],
        }
    )


def test_a_manifest_survives_writing_and_reading(tmp_path):
    manifest.write_manifest(tmp_path / "m.csv", example_rows())
    read = manifest.read_manifest(tmp_path / "m.csv")
    assert list(read.columns) == [*manifest.COLUMNS, "skin_tone"]
    assert read.to_dict("list") == example_rows()[list(read.columns)].to_dict("list")


def test_the_hash_of_images_is_of_pixels_labels_and_splits_only():
    rows = example_rows()
    moved = rows[::-1].assign(path="elsewhere.png", skin_tone="")
    assert manifest.hash_images(rows) == manifest.hash_images(moved[:1], moved[1:])
    for column, value in (("sha256", "2" * 64), ("label", "sad"), ("split", "val")):
        changed = rows.assign(**{column: [value, *rows[column][1:]]})
        assert manifest.hash_images(changed) != manifest.hash_images(rows), column


def test_numbers_and_booleans_are_typed_and_other_columns_are_text(tmp_path):
    manifest.write_manifest(tmp_path / "m.csv", example_rows())
    read = manifest.read_manifest(tmp_path / "m.csv")
    assert read["width"].sum() == 43
    assert read["synthetic"].sum() == 1
    assert all(isinstance(value, str) for value in read["skin_tone"])


def test_a_manifest_without_rows_is_refused(tmp_path):
    manifest.write_manifest(tmp_path / "m.csv", example_rows().iloc[:0])
    with pytest.raises(UserError, match=r"m\.csv has no rows; delete it and run"):
        manifest.read_manifest(tmp_path / "m.csv")


def test_a_missing_manifest_or_column_is_named_with_the_fix(tmp_path):
    with pytest.raises(UserError, match=r"m\.csv does not exist; `dvc repro prepare_splits`"):
        manifest.read_manifest(tmp_path / "m.csv")
    example_rows().drop(columns=["sha256", "group"]).to_csv(tmp_path / "m.csv", index=False)
    with pytest.raises(UserError, match=r"group, sha256"):
        manifest.read_manifest(tmp_path / "m.csv")


@pytest.mark.parametrize(
    "damage",
    {
        "half a row": lambda whole: whole[: len(whole) * 2 // 3],
        "not UTF-8": lambda whole: whole.replace(b"happy", b"h\xe9ppy"),
        "more cells than headings": lambda whole: whole + b"," * 20 + b"\n",
        "empty": lambda _: b"",
        "an open quote": lambda whole: whole + b'"',
    }.items(),
    ids=lambda item: item[0],
)
def test_a_damaged_manifest_is_named_with_the_fix(tmp_path, damage):
    manifest.write_manifest(tmp_path / "m.csv", example_rows())
    (tmp_path / "m.csv").write_bytes(damage[1]((tmp_path / "m.csv").read_bytes()))
    with pytest.raises(UserError, match=r"m\.csv .*delete it and run `dvc repro prepare_spl"):
        manifest.read_manifest(tmp_path / "m.csv")


def test_a_pipe_in_the_place_of_a_manifest_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "m.csv")
    with pytest.raises(UserError, match=r"m\.csv cannot be read"):
        manifest.read_manifest(tmp_path / "m.csv")
