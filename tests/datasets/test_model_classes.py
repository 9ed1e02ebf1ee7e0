"""The words of a corpus become classes of a model, as the user says."""

import pandas as pd
import pytest

from emotion.core.errors import UserError
from emotion.datasets.model_classes import EXCLUDED, check_classes, parse_labels, read_for_model

CLASSES = ["angry", "bored", "happy"]


@pytest.fixture
def read(tmp_path):
    """Read a labels.csv with one row per word; returns (label, problem) of each."""

    def read(*words, labels=None):
        paths = [tmp_path / f"{index}.png" for index in range(len(words))]
        for path in paths:
            path.touch()
        rows = {"path": [path.name for path in paths], "label": words}
        pd.DataFrame(rows).to_csv(tmp_path / "labels.csv", index=False)
        found = read_for_model(tmp_path, "csv", labels or {}, CLASSES)
        return list(zip(found["label"], found["problem"], strict=True))

    return read


def test_known_synonyms_and_the_own_words_of_the_model_are_understood(read):
    found = read("joy", "Anger", "BORED")
    assert found == [("happy", ""), ("angry", ""), ("bored", "")]


def test_a_word_is_mapped_or_left_out_as_the_user_says(read):
    found = read("grin", "Tired", "happy", labels={"grin": "happy", "tired": ""})
    assert found == [("happy", ""), ("tired", EXCLUDED), ("happy", "")]


def test_the_name_of_a_class_stands_for_its_synonyms(read):
    found = read("contemptuous", "fear", labels={"contempt": "angry", "fearful": ""})
    assert found == [("angry", ""), ("fearful", EXCLUDED)]


def test_a_synonym_stands_only_for_itself(read):
    assert read("joy", "happy", labels={"joy": ""}) == [("joy", EXCLUDED), ("happy", "")]


def test_a_known_class_can_be_left_out_or_read_as_another(read):
    assert read("happy", "anger", labels={"happy": "", "angry": "bored"}) == [
        ("happy", EXCLUDED),
        ("bored", ""),
    ]


def test_labels_are_parsed_without_regard_to_case_and_spaces():
    assert parse_labels(["Bored=Neutral", " no face = ", "a=b"]) == {
        "bored": "neutral",
        "no face": "",
        "a": "b",
    }


@pytest.mark.parametrize("argument", ["bored", "=sad", "", " = "])
def test_another_form_is_an_error(argument):
    with pytest.raises(UserError, match="which is not WORD=CLASS"):
        parse_labels([argument])


def rows_of(*labels, problem=""):
    return pd.DataFrame({"label": labels, "problem": problem})


def test_classes_that_the_model_does_not_know_are_named_with_a_command_to_copy(tmp_path):
    rows = rows_of("no face", "happy", "sad", "sad")
    with pytest.raises(UserError) as caught:
        check_classes(rows, tmp_path, CLASSES)
    message = str(caught.value)
    assert "'no face' (1 rows), 'sad' (2 rows); the model's are angry, bored, happy" in message
    assert "--labels 'no face=angry', or leave it out, such as --labels 'no face='." in message


def test_many_unknown_classes_do_not_flood_the_message(tmp_path):
    with pytest.raises(UserError, match=r"'w09' \(1 rows\), \.\.\.; the model's are"):
        check_classes(rows_of(*(f"w{i:02d}" for i in range(500))), tmp_path, CLASSES)


@pytest.mark.parametrize("problem", [EXCLUDED, "missing", "no majority"])
def test_rows_that_are_left_out_anyway_need_no_class(tmp_path, problem):
    check_classes(rows_of("sad", problem=problem), tmp_path, CLASSES)
    check_classes(rows_of(""), tmp_path, CLASSES)


def test_an_error_of_the_corpus_says_what_its_settings_are_called_here(tmp_path):
    with pytest.raises(UserError, match=r"holds no images .* --format is data\.format"):
        read_for_model(tmp_path, "folder", {}, CLASSES)
    with pytest.raises(UserError, match="gone is not a folder"):
        read_for_model(tmp_path / "gone", "folder", {}, CLASSES)
