"""Each known spelling maps to one class, and the label map gives the order of the logits."""

import numpy as np
import pandas as pd
import pytest

from emotion.core import files
from emotion.data import labels
from tests.user_errors import user_error


@pytest.mark.parametrize(
    ("spelling", "label"),
    [
        ("anger", "angry"),
        (" Happiness ", "happy"),
        ("FEAR", "fearful"),
        ("none", None),  # no listed emotion, or no label: not neutral
        ("H\u200bappy\u00a0", "happy"),
        ("ＳＡＤ", "sad"),
        ("surprise", "surprised"),
        ("sadness", "sad"),
        ("disgusted", "disgust"),
        ("contempt", "contempt"),
        ("angyr", None),
        ("", None),
    ],
)
def test_spellings_of_datasets_map_to_our_classes(spelling, label):
    assert labels.canonical_label(spelling) == label


def test_the_users_spellings_take_precedence():
    extra = {"grin": "happy", "none": "blank"}
    assert labels.canonical_label("Grin", extra) == "happy"
    assert labels.canonical_label("none", extra) == "blank"
    assert labels.canonical_label("anger", extra) == "angry"


def test_no_spelling_belongs_to_two_classes():
    spellings = [name for label, names in labels.SYNONYMS.items() for name in (label, *names)]
    assert len(spellings) == len(set(spellings))
    assert set(labels.RECIPE_CLASSES) <= set(labels.SYNONYMS)


def test_the_recipes_classes_are_sorted_like_every_inferred_label_map():
    assert list(labels.RECIPE_CLASSES) == sorted(labels.RECIPE_CLASSES)


def test_a_label_map_is_read_in_the_order_of_the_logits(tmp_path):
    files.write_json(tmp_path / "map.json", {"sad": 1, "angry": 0, "happy": 2})
    found = labels.read_label_map(tmp_path / "map.json")
    assert list(found.items()) == [("angry", 0), ("sad", 1), ("happy", 2)]


@pytest.mark.parametrize(
    "content",
    [{"a": 0, "b": 0}, {"a": 1, "b": 2}, {"a": 0, "b": 2}]  # not 0..n-1, each once
    + [["a", "b"], "a", 3, None, {"a": "0"}, {"a": 0.0}, {"a": True}],  # no integers by name
)
def test_a_file_that_is_no_label_map_is_rejected(tmp_path, content):
    files.write_json(tmp_path / "map.json", content)
    with user_error(file="map.json", hint="dvc repro prepare_splits"):
        labels.read_label_map(tmp_path / "map.json")


@pytest.mark.parametrize("class_names", [["sad", "angry", "happy"], {"sad": 0, "angry": 1, "x": 2}])
def test_class_indices_are_positions_in_the_class_names(class_names):
    rows = pd.Series(["angry", "sad", "sad", "angry"], index=[9, 7, 5, 3])
    found = labels.class_indices(rows, class_names)
    assert found.tolist() == [1, 0, 0, 1]
    assert found.dtype == np.int64


def test_class_indices_of_no_rows_are_integers_too():
    found = labels.class_indices([], ["sad"])
    assert (found.shape, found.dtype) == ((0,), np.int64)


def test_a_label_that_is_no_class_is_named_with_the_classes():
    with user_error("bored", "nan", "angry", hint="dvc repro"):
        labels.class_indices(["sad", "bored", float("nan"), "bored"], ["angry", "sad"])


@pytest.mark.parametrize("name", ["happy", "sehr froh", "幸福", "a/b", "3", "x$y$", "Ärger"])
def test_an_ordinary_word_can_be_a_class(name):
    assert labels.is_class_name(name)


@pytest.mark.parametrize(
    "name", ["", " ", "x" * 51, "a\0b", "a\nb", "\x1b[2J", "/etc", "../x", "=1+1", "-1", "\u202ea"]
)
def test_a_name_that_cannot_be_shown_is_no_class(name):
    assert not labels.is_class_name(name)


@pytest.mark.parametrize(
    "names", ["abcdef", None, {"a": 0}, [], ["a", "b", "a"], ["a", "A"], ["\u00e9", "e\u0301"]]
)
def test_class_names_are_a_list_of_different_names(names):
    with pytest.raises(ValueError, match="class_names"):
        labels.check_class_names(names)
    assert labels.check_class_names(["a", "b"]) == ["a", "b"]
