"""The three lists of EmoSet become one table."""

import json

import pytest

from emotion.datasets.formats.emoset import read_emoset
from tests.datasets.formats.conftest import table_of
from tests.user_errors import user_error


def entry(label, number):
    name = f"{label}/{label}_{number:05d}"
    return [label, f"{label}_{number:05d}", f"image/{name}.jpg", f"annotation/{name}.json"]


@pytest.fixture
def read(tmp_path):
    def read_lists(**lists):
        for split, entries in lists.items():
            (tmp_path / f"{split}.json").write_text(json.dumps(entries))
        return read_emoset(tmp_path)

    return read_lists


def test_an_entry_becomes_a_row_and_its_list_the_split(read):
    rows = read(
        test=[entry("awe", 7)],
        train=[entry("sadness", 2), entry("amusement", 1)],
        val=[entry("contentment", 0)],
    )
    assert rows.to_dict("list") == table_of(
        "emoset",
        path=[
            "image/sadness/sadness_00002.jpg",
            "image/amusement/amusement_00001.jpg",
            "image/contentment/contentment_00000.jpg",
            "image/awe/awe_00007.jpg",
        ],
        label=["sadness", "amusement", "contentment", "awe"],
        split=["train", "train", "val", "test"],
    )


def test_an_entry_of_another_form_becomes_a_row_without_a_path(read):
    invalid = [None, "text", ["awe", "1"], [3, "x", "image/x.jpg", "x.json"], {"label": "awe"}]
    rows = read(
        train=[entry("fear", 1), *invalid],
        val=[*invalid, entry("awe", 1)],
        test=[entry("awe", 2)],
    )
    assert (rows["path"] == "").sum() == (rows["label"] == "").sum() == 10
    assert rows["split"].value_counts().to_dict() == {"train": 6, "val": 6, "test": 1}


def test_the_error_for_a_missing_list_names_all_three_lists(read):
    with user_error("train", "val", "test.json", file="test.json", hint="data.root"):
        read(train=[entry("awe", 1)], val=[entry("awe", 2)])


@pytest.mark.parametrize("text", [b"[[", b"\xff\xfe{}"])
def test_a_list_that_is_not_json_is_rejected(read, tmp_path, text):
    (tmp_path / "train.json").write_bytes(text)
    with user_error("JSON", file="train.json"):
        read()


@pytest.mark.parametrize("entries", [[], {"a": 1}, [["awe", "image/awe/1.jpg"]]])
def test_a_list_of_another_form_is_rejected(read, entries):
    with user_error("label, id, image_path, annotation_path", file="train.json"):
        read(train=entries)
