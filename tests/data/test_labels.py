"""Each known spelling maps to one class, and the label map gives the order of the logits."""

import pytest

from emotion.core import files
from emotion.core.errors import UserError
from emotion.data import labels


@pytest.mark.parametrize(
    ("spelling", "label"),
    [
        ("anger", "angry"),
        (" Happiness ", "happy"),
        ("FEAR", "fearful"),
        ("none", "neutral"),
        ("surprise", "surprised"),
        ("sadness", "sad"),
        ("disgusted", "disgust"),
        ("contempt", "contempt"),
    ],
)
def test_spellings_of_corpora_map_to_our_classes(spelling, label):
    assert labels.canonical_label(spelling) == label


def test_an_unknown_spelling_has_no_class():
    assert labels.canonical_label("angyr") is None
    assert labels.canonical_label("") is None


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
    assert list(labels.read_label_map(tmp_path / "map.json").items()) == [
        ("angry", 0),
        ("sad", 1),
        ("happy", 2),
    ]


@pytest.mark.parametrize("label_map", [{"a": 0, "b": 0}, {"a": 1, "b": 2}, {"a": 0, "b": 2}])
def test_a_label_map_with_gaps_or_duplicates_is_rejected(tmp_path, label_map):
    files.write_json(tmp_path / "map.json", label_map)
    with pytest.raises(UserError, match="does not number its classes"):
        labels.read_label_map(tmp_path / "map.json")


@pytest.mark.parametrize(
    "label_map", [["a", "b"], "a", 3, None, {"a": "0"}, {"a": 0.0}, {"a": True}]
)
def test_what_is_no_label_map_is_rejected(tmp_path, label_map):
    files.write_json(tmp_path / "map.json", label_map)
    with pytest.raises(UserError, match="does not number its classes"):
        labels.read_label_map(tmp_path / "map.json")


@pytest.mark.parametrize("name", ["happy", "sehr froh", "幸福", "a/b", "3", "x$y$", "Ärger"])
def test_an_ordinary_word_can_be_a_class(name):
    assert labels.is_class_name(name)


@pytest.mark.parametrize(
    "name", ["", " ", "x" * 51, "a\0b", "a\nb", "\x1b[2J", "/etc", "../x", "=1+1", "-1", "\u202ea"]
)
def test_a_name_that_cannot_be_shown_is_no_class(name):
    assert not labels.is_class_name(name)
