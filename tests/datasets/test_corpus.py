"""Whatever the corpus's words, rows come out in our classes and our splits."""

from typing import get_args, get_type_hints

import pandas as pd
import pytest
from pydantic import ValidationError

from emotion.core.errors import UserError
from emotion.datasets import ADAPTERS
from emotion.datasets.corpus import DataParams, order_classes, read_corpus


@pytest.fixture
def read(tmp_path):
    def read_rows(*labels, splits=None, **params):
        lines = [f"{i}.jpg,{label},{splits[i] if splits else ''}" for i, label in enumerate(labels)]
        (tmp_path / "labels.csv").write_text("\n".join(["path,label,split", *lines]) + "\n")
        for i in range(len(labels)):
            (tmp_path / f"{i}.jpg").touch()
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


def test_an_unknown_label_is_a_problem_of_its_row_and_stays_as_written(read):
    rows = read("happy", "angyr", "", "sad", labels={"x": "calm"})
    assert rows["problem"].tolist() == ["", "unknown label", "unknown label", ""]
    assert rows["label"].tolist() == ["happy", "angyr", "", "sad"]


def test_chosen_classes_drop_the_others_and_say_so(read, capsys):
    rows = read("happy", "sad", "bored", "anger", "sad", classes=["sadness", "angry"])
    assert rows["label"].tolist() == ["sad", "angry", "sad"]
    assert rows.index.tolist() == [0, 1, 2]
    assert "leaves out 2 of 5 images" in capsys.readouterr().out


def test_a_chosen_class_that_the_corpus_lacks_is_named(read):
    with pytest.raises(UserError, match=r"names 'hapy', 'contempt', but .* has happy, sad"):
        read("happy", "sad", classes=["hapy", "sad", "contempt"])


def test_one_class_is_no_corpus_to_classify():
    with pytest.raises(UserError, match="one class 'happy'"):
        order_classes(pd.Series(["happy", "happy"]), DataParams())


def test_chosen_classes_come_in_the_order_chosen_and_others_in_the_alphabets():
    found = pd.Series(["sad", "happy", "angry"])
    assert order_classes(found, DataParams()) == {"angry": 0, "happy": 1, "sad": 2}
    chosen = DataParams(classes=["sadness", "Angry", "joy"])
    assert order_classes(found, chosen) == {"sad": 0, "angry": 1, "happy": 2}


def test_a_lost_image_says_where_it_was_looked_for(tmp_path):
    (tmp_path / "labels.csv").write_text("path,label\n/content/happy/1.jpg,happy\n,sad\n")
    rows = read_corpus(DataParams(root=str(tmp_path)))
    assert rows["problem"].tolist() == ["missing", "missing"]
    assert rows["path"].tolist() == ["/content/happy/1.jpg", ""]
    assert f"{tmp_path}/happy/1.jpg" in rows["detail"][0]
    assert rows["detail"][1] == "no path"


def test_a_path_that_leaves_the_root_is_a_problem_unless_allowed(tmp_path):
    root = tmp_path / "faces"
    root.mkdir()
    for path in (root / "in.jpg", tmp_path / "out.jpg"):
        path.touch()
    (root / "labels.csv").write_text("path,label\nin.jpg,happy\n../out.jpg,sad\n")
    rows = read_corpus(DataParams(root=str(root)))
    assert rows["problem"].tolist() == ["", "outside data.root"]
    allowed = read_corpus(DataParams(root=str(root), allow_outside=True))
    assert allowed["problem"].tolist() == ["", ""]
    assert allowed["path"].tolist() == [f"{root}/in.jpg", f"{tmp_path}/out.jpg"]


def test_the_working_folder_itself_may_be_the_root(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.jpg").touch()
    (tmp_path / "labels.csv").write_text("path,label\nin.jpg,happy\n")
    rows = read_corpus(DataParams(root="."))
    assert rows[["path", "problem"]].to_numpy().tolist() == [["in.jpg", ""]]


def test_votes_become_labels_and_soft_ones_shares_of_our_classes(tmp_path):
    table = "path,label,votes_happiness,votes_joy,votes_fear,votes_nf\n"
    (tmp_path / "labels.csv").write_text(table + "1.jpg,,4,2,2,0\n2.jpg,,0,0,2,8\n3.jpg,,2,0,6,0\n")
    for name in "123":
        (tmp_path / f"{name}.jpg").touch()
    hard = read_corpus(DataParams(root=str(tmp_path)))
    assert hard["problem"].tolist() == ["no majority", "not a face", ""]
    assert hard["label"][2] == "fearful"
    assert not [name for name in hard if name.startswith(("share_", "votes_"))]
    soft = read_corpus(DataParams(root=str(tmp_path), votes="soft"))
    assert soft["label"].tolist()[::2] == ["happy", "fearful"]
    assert soft["share_happy"].tolist() == [0.75, 0.0, 0.25]
    assert soft["share_fearful"].tolist() == [0.25, 0.0, 0.75]


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
    with pytest.raises(UserError, match=r"holds no images .*formats: affectnet, .*, csv, "):
        read_corpus(DataParams(root=str(tmp_path), format="folder"))


def test_every_adapter_is_a_format(tmp_path):
    assert set(get_args(get_type_hints(DataParams)["format"])) == set(ADAPTERS)
    for name in ADAPTERS:
        with pytest.raises(UserError):
            read_corpus(DataParams(root=str(tmp_path), format=name))


@pytest.mark.parametrize(
    "wrong", [{"val_fraction": 0.5, "test_fraction": 0.5}, {"test_fraction": 0.0}, {"format": "x"}]
)
def test_settings_that_cannot_be_met_are_refused(wrong):
    with pytest.raises(ValidationError):
        DataParams(**wrong)
