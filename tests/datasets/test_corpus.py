"""Whatever the corpus's words, rows come out in our classes and our splits."""

from typing import get_args, get_type_hints

import pytest
from pydantic import ValidationError

from emotion.core.errors import UserError
from emotion.datasets import ADAPTERS
from emotion.datasets.corpus import DataParams, read_corpus


@pytest.fixture
def read(tmp_path):
    def read_rows(*labels, splits=None, **params):
        lines = [f"{i}.jpg,{label},{splits[i] if splits else ''}" for i, label in enumerate(labels)]
        (tmp_path / "labels.csv").write_text("\n".join(["path,label,split", *lines]) + "\n")
        return read_corpus(DataParams(root=str(tmp_path), **params))

    return read_rows


def test_paths_are_joined_to_the_root_as_it_was_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for label in ("happy", "sad"):
        (tmp_path / "data" / "faces" / label).mkdir(parents=True)
        (tmp_path / "data" / "faces" / label / "1.jpg").touch()
    rows = read_corpus(DataParams(root="data/faces/", format="folder"))
    assert rows["path"].tolist() == ["data/faces/happy/1.jpg", "data/faces/sad/1.jpg"]


def test_synonyms_become_our_classes(read):
    rows = read("Anger", "happiness", "none")
    assert rows["label"].tolist() == ["angry", "happy", "neutral"]


def test_the_users_words_extend_ours_and_may_add_classes(read):
    words = {"Grin": "happiness", "yawning": "Bored", "3": "sad"}
    rows = read("grin", "happy", "yawning", "bored", "3", labels=words)
    assert rows["label"].tolist() == ["happy", "happy", "bored", "bored", "sad"]


def test_unknown_labels_are_all_named_with_counts_and_cure(read):
    with pytest.raises(UserError) as caught:
        read("happy", "angyr", "angyr", "", "bored", labels={"x": "calm"})
    message = str(caught.value)
    assert "'' (1), 'angyr' (2), 'bored' (1)" in message
    assert "known classes: angry, calm, contempt, disgust, fearful" in message
    assert "data.labels" in message
    assert "data.classes" in message


def test_chosen_classes_drop_the_others_and_say_so(read, capsys):
    rows = read("happy", "sad", "bored", "anger", "sad", classes=["sadness", "angry"])
    assert rows["label"].tolist() == ["sad", "angry", "sad"]
    assert rows.index.tolist() == [0, 1, 2]
    assert "leaves out 2 of 5 pictures" in capsys.readouterr().out


def test_a_chosen_class_that_the_corpus_lacks_is_named(read):
    with pytest.raises(UserError, match=r"names 'hapy', 'contempt', but .* has happy, sad"):
        read("happy", "sad", classes=["hapy", "sad", "contempt"])


def test_one_class_is_no_corpus_to_classify(read):
    with pytest.raises(UserError, match="one class 'happy'"):
        read("happy", "joy")


def test_split_names_become_ours(read):
    splits = ["Training", "valid", "TEST", "train"]
    rows = read("happy", "sad", "sad", "sad", splits=splits)
    assert rows["split"].tolist() == ["train", "val", "test", "train"]


def test_a_split_in_some_rows_only_or_of_unknown_name_is_refused(read):
    with pytest.raises(UserError) as caught:
        read("happy", "sad", "sad", "sad", splits=["train", "", "", "dev2"])
    message = str(caught.value)
    assert "2 of 4 rows have no split" in message
    assert "unknown split names: 'dev2' (1)" in message


def test_a_missing_or_empty_root_is_named(tmp_path):
    with pytest.raises(UserError, match=r"data\.root is '.*none', which is not a folder"):
        read_corpus(DataParams(root=str(tmp_path / "none")))
    with pytest.raises(UserError, match=r"holds no pictures .*formats: csv, folder"):
        read_corpus(DataParams(root=str(tmp_path), format="folder"))


def test_every_adapter_is_a_format_and_gives_the_same_columns(tmp_path):
    assert set(get_args(get_type_hints(DataParams)["format"])) == set(ADAPTERS)
    (tmp_path / "happy").mkdir()
    (tmp_path / "happy" / "1.jpg").touch()
    (tmp_path / "labels.csv").write_text("path,label\nhappy/1.jpg,happy\n")
    tables = [adapter(tmp_path) for adapter in ADAPTERS.values()]
    for table in tables:
        assert table.astype(object).to_dict("records") == tables[0].astype(object).to_dict(
            "records"
        )
        assert set(table.columns) == {"path", "label", "split", "subject", "source", "synthetic"}
        assert table["synthetic"].dtype == bool


@pytest.mark.parametrize(
    "wrong", [{"val_fraction": 0.5, "test_fraction": 0.5}, {"test_fraction": 0.0}, {"format": "x"}]
)
def test_settings_that_cannot_be_met_are_refused(wrong):
    with pytest.raises(ValidationError):
        DataParams(**wrong)
