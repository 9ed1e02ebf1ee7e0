"""The words of a dataset become classes of a model, as the user sets."""

import pandas as pd
import pytest

from emotion.datasets.model_classes import EXCLUDED, check_classes, parse_labels, read_for_model
from tests.user_errors import user_error

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


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        # synonyms, and the names of the model's classes
        ({}, {"joy": ("happy", ""), "Anger": ("angry", ""), "BORED": ("bored", "")}),
        # other words
        (
            {"grin": "happy", "tired": ""},
            {"grin": ("happy", ""), "Tired": ("tired", EXCLUDED), "happy": ("happy", "")},
        ),
        # the name of a class includes its synonyms
        (
            {"contempt": "angry", "fearful": ""},
            {"contemptuous": ("angry", ""), "fear": ("fearful", EXCLUDED)},
        ),
        # a synonym is only itself
        ({"joy": ""}, {"joy": ("joy", EXCLUDED), "happy": ("happy", "")}),
        # a class of the model can be left out, or read as another
        (
            {"happy": "", "angry": "bored"},
            {"happy": ("happy", EXCLUDED), "anger": ("bored", "")},
        ),
    ],
)
def test_a_word_becomes_a_class_of_the_model_or_is_left_out(read, labels, expected):
    assert read(*expected, labels=labels) == list(expected.values())


def test_labels_are_parsed_without_regard_to_case_and_spaces():
    assert parse_labels(["Bored=Neutral", " no face = ", "a=b"]) == {
        "bored": "neutral",
        "no face": "",
        "a": "b",
    }


@pytest.mark.parametrize("argument", ["bored", "=sad", "", " = "])
def test_another_form_is_an_error(argument):
    with user_error("WORD=CLASS", key="--labels"):
        parse_labels([argument])


def rows_of(*labels, problem=""):
    return pd.DataFrame({"label": labels, "problem": problem})


def test_classes_that_the_model_does_not_have_are_named_with_options_to_copy(tmp_path):
    rows = rows_of("no face", "happy", "sad", "sad")
    options = "--labels 'no face=angry', or leave it out, such as --labels 'no face='"
    names = ["'no face' (1 rows), 'sad' (2 rows)", "angry, bored, happy"]
    with user_error(*names, file=tmp_path, key="--labels", hint=options):
        check_classes(rows, tmp_path, CLASSES)


def test_of_many_unknown_classes_the_first_are_named(tmp_path):
    with user_error("'w09' (1 rows), ...") as caught:
        check_classes(rows_of(*(f"w{i:02d}" for i in range(500))), tmp_path, CLASSES)
    assert "w10" not in str(caught.value)


@pytest.mark.parametrize("problem", [EXCLUDED, "missing", "no majority"])
def test_rows_that_are_left_out_anyway_need_no_class(tmp_path, problem):
    check_classes(rows_of("sad", problem=problem), tmp_path, CLASSES)
    check_classes(rows_of(""), tmp_path, CLASSES)


def test_an_error_of_the_dataset_names_the_options_for_its_settings(tmp_path):
    with user_error("data.root", hint="--format is data.format"):
        read_for_model(tmp_path, "folder", {}, CLASSES)
    with user_error(file="gone", key="DATA"):
        read_for_model(tmp_path / "gone", "folder", {}, CLASSES)


def test_spellings_of_a_word_are_one_word(read):
    labels = parse_labels(["3.0=Happy", "A\u0308rger=angry", "no\u00a0face="])
    assert read("3", "03", "Ärger", "NO FACE", labels=labels) == [
        ("happy", ""),
        ("happy", ""),
        ("angry", ""),
        ("no face", EXCLUDED),
    ]
    with user_error("'1'", key="--labels"):
        parse_labels(["1=happy", "01.0=sad"])


def test_rows_have_the_classes_as_the_model_spells_them(tmp_path):
    (tmp_path / "labels.csv").write_text("path,label\n1.png,joy\n2.png,anger\n3.png,2.0\n")
    found = read_for_model(tmp_path, "csv", {}, ["Happy", "Anger", "2"])
    assert found["label"].tolist() == ["Happy", "Anger", "2"]


@pytest.mark.parametrize("word", ["None", "nan", "null", "N/A", "unknown", "-"])
def test_a_word_for_no_label_is_a_class_only_if_the_user_says_so(tmp_path, read, word):
    assert read(word, "happy", labels={}) == [(word, "unknown label"), ("happy", "")]
    rows = read_for_model(tmp_path, "csv", {}, CLASSES)
    with user_error(f"{word!r}: no label", hint=f"{word.lower()}="):
        check_classes(rows, tmp_path, CLASSES)
    assert read(word, "happy", labels=parse_labels([f"{word}=bored"]))[0] == ("bored", "")
