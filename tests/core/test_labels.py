"""One spelling a class, and one order of the logits."""

import pytest

from emotion.core import files, labels
from emotion.core.errors import UserError


@pytest.mark.parametrize(
    ("spelled", "label"),
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
def test_corpora_spellings_become_our_classes(spelled, label):
    assert labels.canonical_label(spelled) == label


def test_an_unknown_word_has_no_class():
    assert labels.canonical_label("angyr") is None
    assert labels.canonical_label("") is None


def test_the_users_words_are_asked_first():
    extra = {"grin": "happy", "none": "blank"}
    assert labels.canonical_label("Grin", extra) == "happy"
    assert labels.canonical_label("none", extra) == "blank"
    assert labels.canonical_label("anger", extra) == "angry"


def test_no_word_means_two_classes():
    words = [word for label, names in labels.SYNONYMS.items() for word in (label, *names)]
    assert len(words) == len(set(words))
    assert set(labels.RECIPE_CLASSES) <= set(labels.SYNONYMS)


def test_the_inferred_map_is_the_recipes_order_whatever_comes_first():
    shuffled = ["surprised", "happy", "angry", "sad", "neutral", "fearful", "happy"]
    expected = {label: index for index, label in enumerate(labels.RECIPE_CLASSES)}
    assert labels.infer_label_map(shuffled) == expected
    assert list(labels.infer_label_map(shuffled)) == list(labels.RECIPE_CLASSES)


def test_a_label_map_is_read_in_the_order_of_the_logits(tmp_path):
    files.write_json(tmp_path / "map.json", {"sad": 1, "angry": 0, "happy": 2})
    assert list(labels.read_label_map(tmp_path / "map.json").items()) == [
        ("angry", 0),
        ("sad", 1),
        ("happy", 2),
    ]


@pytest.mark.parametrize("label_map", [{"a": 0, "b": 0}, {"a": 1, "b": 2}, {"a": 0, "b": 2}])
def test_a_label_map_with_holes_or_doubles_is_refused(tmp_path, label_map):
    files.write_json(tmp_path / "map.json", label_map)
    with pytest.raises(UserError, match="does not number its classes"):
        labels.read_label_map(tmp_path / "map.json")
