"""The three lists of EmoSet become one table."""

import json

import pytest

from emotion.core.errors import UserError
from emotion.datasets.formats.emoset import read_emoset


def entry(label, number):
    name = f"{label}/{label}_{number:05d}"
    return [label, f"{label}_{number:05d}", f"image/{name}.jpg", f"annotation/{name}.json"]


@pytest.fixture
def corpus(tmp_path):
    def write(**lists):
        for split, entries in lists.items():
            (tmp_path / f"{split}.json").write_text(json.dumps(entries))
        return tmp_path

    return write


def test_an_entry_becomes_a_row_and_its_list_the_split(corpus):
    root = corpus(
        test=[entry("awe", 7)],
        train=[entry("sadness", 2), entry("amusement", 1)],
        val=[entry("contentment", 0)],
    )
    assert read_emoset(root).to_dict("list") == {
        "path": [
            "image/sadness/sadness_00002.jpg",
            "image/amusement/amusement_00001.jpg",
            "image/contentment/contentment_00000.jpg",
            "image/awe/awe_00007.jpg",
        ],
        "label": ["sadness", "amusement", "contentment", "awe"],
        "split": ["train", "train", "val", "test"],
        "subject": [""] * 4,
        "source": ["emoset"] * 4,
        "synthetic": [False] * 4,
    }


def test_an_entry_of_another_form_becomes_a_row_without_a_path(corpus):
    invalid = [None, "text", ["awe", "1"], [3, "x", "image/x.jpg", "x.json"], {"label": "awe"}]
    rows = read_emoset(
        corpus(
            train=[entry("fear", 1), *invalid],
            val=invalid + [entry("awe", 1)],
            test=[entry("awe", 2)],
        )
    )
    assert (rows["path"] == "").sum() == (rows["label"] == "").sum() == 10
    assert rows["split"].value_counts().to_dict() == {"train": 6, "val": 6, "test": 1}


def test_a_missing_list_error_names_all_three_lists(corpus):
    root = corpus(train=[entry("awe", 1)], val=[entry("awe", 2)])
    with pytest.raises(UserError, match=r"test\.json does not exist; .* train, val, test\.json"):
        read_emoset(root)


@pytest.mark.parametrize("text", ["[[", b"\xff\xfe{}"])
def test_a_list_that_is_not_json_is_rejected(tmp_path, text):
    (tmp_path / "train.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError, match=r"train\.json is not valid JSON"):
        read_emoset(tmp_path)


@pytest.mark.parametrize("entries", [[], {"a": 1}, [["awe", "image/awe/1.jpg"]]])
def test_a_list_of_another_form_is_rejected(corpus, entries):
    with pytest.raises(UserError, match=r"not a list of \[label, id, image_path, annotation_path"):
        read_emoset(corpus(train=entries))
