"""Words for no label, numbers as words, and votes instead of labels, read as they are meant."""

import pytest
from pydantic import ValidationError

from emotion.datasets.params import DataParams
from tests.datasets.conftest import read_rows, touch
from tests.user_errors import user_error


@pytest.mark.parametrize("word", ["None", "nan", "null", "NA", "n/a", "unknown", "-", "<NA>"])
def test_a_word_for_no_label_is_no_class_unless_data_labels_says_so(read, tmp_path, word):
    assert read("label", word, "sad")["problem"].tolist() == ["unknown label", ""]
    labels = {word: "neutral"}
    assert read("label", word, "sad", labels=labels)["label"].tolist() == ["neutral", "sad"]
    votes = [f"label,votes_{word},votes_sad", ",4,0", ",0,4", ",3,3"]
    rows = read(*votes, votes="soft")
    assert rows["problem"].tolist() == ["unknown", "", ""]
    assert rows["share_sad"].tolist() == [0.0, 1.0, 1.0]
    rows = read(*votes, votes="soft", labels=labels)
    assert rows["share_neutral"].tolist() == [1.0, 0.0, 0.5]
    if "/" not in word:
        touch(tmp_path, f"folders/{word}/1.jpg", "folders/sad/1.jpg")
        rows = read_rows(tmp_path / "folders", format="folder")
        assert sorted(rows["problem"]) == ["", "unknown label"]


def test_two_spellings_of_a_word_have_one_class(read):
    words = {"3": "happy", "3.0": "joy", "A\u0308rger": "Wut", "Ärger": "wut"}
    rows = read("label", "03", "ärger", "WUT", labels=words)
    assert rows["label"].tolist() == ["happy", "wut", "wut"]
    with user_error("'3.0'", key="data.labels"):
        read("label", "3", labels={"3": "happy", "3.0": "sad"})


def test_a_table_of_votes_needs_no_labels(tmp_path):
    touch(tmp_path, "1.jpg", "2.jpg", "3.jpg")
    table = "path,Votes_happy,VOTES_sad\n1.jpg,5.0,0.0\n2.jpg,,5.0\n3.jpg,1,\n"
    for name in ("labels.csv", "train.csv", "test.csv"):
        (tmp_path / name).write_text(table)
    for layout, repeats in (("csv", 1), ("split_csvs", 2)):
        rows = read_rows(tmp_path, format=layout)
        assert rows["label"].tolist() == ["happy", "sad", ""] * repeats
        assert rows["problem"].tolist() == ["", "", "no two votes agree"] * repeats


@pytest.mark.parametrize("word", [4, 4.0, 12345678901234567890123])
def test_a_whole_number_of_params_is_its_digits(word):
    found = DataParams(root="x", labels={word: "happy", "a": word}, classes=[word])
    assert set(found.labels.values()) == {"happy", str(word)}
    assert list(found.labels) == [str(word), "a"]
    assert found.classes == [str(word)]


@pytest.mark.parametrize("word", [True, False, None, 1.5, float("nan"), float("inf")])
def test_a_word_that_yaml_reads_otherwise_is_named_with_its_quotes(word):
    written = "null" if word is None else str(word).lower()
    for wrong in ({"labels": {word: "happy"}}, {"labels": {"a": word}}, {"classes": ["a", word]}):
        with pytest.raises(ValidationError, match=f"write {written} in quotes, '{written}'"):
            DataParams(root="x", **wrong)
