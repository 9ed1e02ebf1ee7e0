"""A dataset with any label and split names is normalized to the names of the project."""

import os
import re
from pathlib import Path

import pandas as pd
import pytest
from pydantic import ValidationError

from emotion.datasets.formats import ADAPTERS
from emotion.datasets.params import DataParams
from emotion.datasets.reader import order_classes, read_dataset
from tests.datasets.conftest import read_rows, touch
from tests.user_errors import user_error


def test_paths_are_joined_to_the_root_as_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    touch(tmp_path / "data/faces", "happy/1.jpg", "sad/1.jpg")
    rows = read_rows("data/faces/", format="folder")
    assert rows["path"].tolist() == ["data/faces/happy/1.jpg", "data/faces/sad/1.jpg"]


def test_synonyms_are_mapped_to_classes(read):
    rows = read("label", "Anger", "happiness", "neutrality")
    assert rows["label"].tolist() == ["angry", "happy", "neutral"]


def test_data_labels_adds_synonyms_and_classes(read):
    words = {"Grin": "happiness", "yawning": "Bored", "3": "sad"}
    rows = read("label", "grin", "happy", "yawning", "bored", "3", labels=words)
    assert rows["label"].tolist() == ["happy", "happy", "bored", "bored", "sad"]


def test_an_unknown_label_is_a_problem_of_its_row_and_is_kept_as_written(read):
    rows = read("label", "happy", "angyr", "", "sad", labels={"x": "calm"})
    assert rows["problem"].tolist() == ["", "unknown label", "unknown label", ""]
    assert rows["label"].tolist() == ["happy", "angyr", "", "sad"]


def test_images_of_other_than_the_chosen_classes_are_dropped_and_counted(read, capsys):
    rows = read("label", "happy", "sad", "bored", "anger", "sad", classes=["sadness", "angry"])
    assert rows["label"].tolist() == ["sad", "angry", "sad"]
    assert rows.index.tolist() == [0, 1, 2]
    assert "2 of 5" in capsys.readouterr().out


def test_a_chosen_class_missing_from_the_dataset_is_named(read):
    with user_error("'hapy', 'contempt'", "happy, sad", key="data.classes"):
        read("label", "happy", "sad", classes=["hapy", "sad", "contempt"])


def test_fewer_than_two_classes_are_rejected():
    for labels, name in ((["happy", "happy"], "'happy'"), ([], "faces")):
        with user_error(name, key="data.root", hint="data.classes"):
            order_classes(pd.Series(labels), [], "faces")


def test_classes_are_in_the_chosen_or_alphabetical_order(tmp_path):
    touch(tmp_path, "sadness/1.jpg", "joy/1.jpg", "anger/1.jpg")
    for chosen, expected in (
        ([], ["angry", "happy", "sad"]),
        (["sadness", "Angry", "sad", "joy"], ["sad", "angry", "happy"]),
    ):
        params = DataParams(root=str(tmp_path), format="folder", classes=chosen)
        rows, order = read_dataset(params)
        label_map = order_classes(rows["label"], order, params.root)
        assert list(label_map.items()) == [(name, index) for index, name in enumerate(expected)]


def test_detail_of_a_missing_image_lists_the_paths_tried(tmp_path):
    (tmp_path / "labels.csv").write_text("path,label\n/content/happy/1.jpg,happy\n,sad\n")
    rows = read_rows(tmp_path)
    assert rows["problem"].tolist() == ["missing", "missing"]
    assert rows["path"].tolist() == ["/content/happy/1.jpg", ""]
    assert f"{tmp_path}/happy/1.jpg" in rows["detail"][0]
    assert rows["detail"][1] == "no path"


def test_a_path_outside_the_root_is_a_problem_unless_allowed(tmp_path):
    touch(tmp_path, "faces/in.jpg", "out.jpg")
    root = tmp_path / "faces"
    (root / "labels.csv").write_text("path,label\nin.jpg,happy\n../out.jpg,sad\n")
    rows = read_rows(root)
    assert rows["problem"].tolist() == ["", "outside data.root"]
    allowed = read_rows(root, allow_outside=True)
    assert allowed["problem"].tolist() == ["", ""]
    assert allowed["path"].tolist() == [f"{root}/in.jpg", f"{tmp_path}/out.jpg"]


@pytest.fixture
def masked(tmp_path, monkeypatch):
    """Read the root `faces` with two images, one of which has the given mask."""
    monkeypatch.chdir(tmp_path)
    touch(tmp_path, "faces/1.jpg", "faces/2.jpg", "faces/evidence/1.png", "masks/1.png")

    def read_mask(mask, **params):
        table = f"path,label,evidence\n1.jpg,happy,{mask}\n2.jpg,sad,\n"
        (tmp_path / "faces/labels.csv").write_text(table)
        return read_rows("faces", **params)

    return read_mask


def test_evidence_is_joined_to_the_root_like_path(masked, tmp_path):
    for mask in ("evidence/1.png", (tmp_path / "faces/evidence/1.png").as_posix()):
        rows = masked(mask)
        assert rows["path"].tolist() == ["faces/1.jpg", "faces/2.jpg"]
        assert rows["evidence"].tolist() == ["faces/evidence/1.png", ""]
        assert rows["problem"].tolist() == rows["detail"].tolist() == ["", ""]


def test_a_mask_outside_the_root_is_a_problem_unless_allowed(masked, tmp_path):
    outside = (tmp_path / "masks/1.png").as_posix()
    for mask in ("../masks/1.png", outside):
        rows = masked(mask)
        assert rows["problem"].tolist() == ["outside data.root", ""]
        assert rows["detail"].tolist() == [f"its evidence mask is {outside}", ""]
        allowed = masked(mask, allow_outside=True)
        assert allowed["evidence"].tolist() == [outside, ""]
        assert allowed["problem"].tolist() == ["", ""]


def test_a_missing_mask_is_a_problem_of_its_row(masked, tmp_path):
    rows = masked("evidence/9.png")
    assert rows["problem"].tolist() == ["missing", ""]
    assert f"{tmp_path.as_posix()}/faces/evidence/9.png" in rows["detail"][0]
    assert rows["detail"][0].endswith("(its evidence mask)")


def test_reading_a_dataset_does_not_change_the_table_of_the_adapter(tmp_path, monkeypatch):
    (tmp_path / "1.jpg").touch()
    table = "path,label,evidence,votes_joy,votes_happy,votes_sad\n1.jpg,,1.jpg,4,2,2\n,,,0,5,0\n"
    (tmp_path / "labels.csv").write_text(table)
    given = ADAPTERS["csv"](tmp_path)
    before = given.copy(deep=True)
    monkeypatch.setitem(ADAPTERS, "csv", lambda _: given)
    rows = read_rows(tmp_path, votes="soft", classes=["happy"])
    assert rows["share_happy"].tolist() == [0.75, 1.0]
    pd.testing.assert_frame_equal(given, before)


def test_the_working_directory_can_be_the_root(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.jpg").touch()
    (tmp_path / "labels.csv").write_text("path,label\nin.jpg,happy\n")
    rows = read_rows(".")
    assert rows[["path", "problem"]].to_numpy().tolist() == [["in.jpg", ""]]


VOTES = ["label,votes_happiness,votes_joy,votes_fear,votes_nf", ",4,2,2,0", ",0,0,2,8", ",2,0,6,0"]


def test_votes_become_labels_and_in_mode_soft_shares_of_classes(read):
    hard = read(*VOTES)
    assert hard["problem"].tolist() == ["no majority", "not a face", ""]
    assert hard["label"][2] == "fearful"
    assert not [name for name in hard if name.startswith(("share_", "votes_"))]
    soft = read(*VOTES, votes="soft")
    assert soft["label"].tolist()[::2] == ["happy", "fearful"]
    assert soft["share_happy"].tolist() == [0.75, 0.0, 0.25]
    assert soft["share_fearful"].tolist() == [0.25, 0.0, 0.75]


def test_split_names_are_normalized(read):
    rows = read("label,split", "happy,Training", "sad,valid", "sad,TEST", "sad,train")
    assert rows["split"].tolist() == ["train", "val", "test", "train"]


def test_missing_and_unknown_split_names_are_rejected(read, tmp_path):
    with user_error("2 of 4 rows", "'dev2' (1)", file=tmp_path, hint="train"):
        read("label,split", "happy,train", "sad,", "sad,", "sad,dev2")


def test_a_missing_or_empty_root_is_named(tmp_path):
    with user_error(f"'{tmp_path}/none'", key="data.root"):
        read_rows(tmp_path / "none")
    with user_error("folder", *ADAPTERS, key="data.root"):
        read_rows(tmp_path, format="folder")


def test_every_adapter_is_a_format(tmp_path):
    with pytest.raises(ValidationError) as caught:
        DataParams(root="x", format="x")
    assert set(re.findall(r"'(\w+)'", caught.value.errors()[0]["msg"])) == set(ADAPTERS)
    for name in ADAPTERS:
        with user_error(tmp_path):
            read_rows(tmp_path, format=name)


@pytest.mark.parametrize(
    "wrong",
    [
        {"val_fraction": 0.5, "test_fraction": 0.5},
        {"test_fraction": 0.0},
        {"format": "x"},
        {"votes": "x"},
    ],
)
def test_invalid_settings_are_rejected(wrong):
    with pytest.raises(ValidationError):
        DataParams(**wrong)


@pytest.mark.parametrize("name", ["/../../../tmp/ESCAPED", "../x", "", "\x1b[2J", "a\0", "x" * 300])
def test_a_class_name_that_no_file_or_figure_can_have_is_refused(name):
    for wrong in ({"labels": {"happy": name}}, {"classes": ["sad", name]}):
        with pytest.raises(ValidationError, match="1 to 50"):
            DataParams(**wrong)


def test_file_names_that_are_not_utf8_are_named(tmp_path):
    (tmp_path / "happy").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path / "happy") + b"/caf\xe9.jpg")).touch()
    with user_error("1 file names", "UTF-8", "caf\\udce9.jpg", hint="rename"):
        read_rows(tmp_path, format="folder")


def test_a_label_without_votes_is_kept(read):
    rows = read("label,votes_happy,votes_sad", "sad,0,0", ",5,1", "joy,6,0")
    assert rows["label"].tolist() == ["sad", "happy", "happy"]
    assert set(rows["problem"]) == {""}


def test_votes_never_overrule_a_label_silently(read):
    with user_error("1 rows", "sad (row 2; votes: happy)", hint="votes_*"):
        read("label,votes_happy,votes_sad", "happy,5,0", "sad,5,0")


MIXED = [
    "label,votes_happy,votes_sad,first,second",
    ",6,2,Sadness,angry",
    ",0,4,,sad",
    "sad,0,0,joy,sad",
]


def test_other_labels_have_their_part_of_the_soft_label(read):
    rows = read(*MIXED, votes="soft", other_labels={"first": 0.2, "second": 0.1})
    assert rows["label"].tolist() == ["happy", "sad", "sad"]
    # 0.8 of the votes and 0.2 sad, for angry has no votes; then votes and sad alone; then no votes.
    assert rows["share_happy"].tolist() == pytest.approx([0.6, 0, 0])
    assert rows["share_sad"].tolist() == pytest.approx([0.4, 1, 0])


@pytest.mark.parametrize(
    ("name", "reason"), [("third", "does not exist"), ("numbers", "names no class")]
)
def test_a_column_without_other_labels_is_named(read, name, reason):
    with user_error(repr(name), reason, key="data.other_labels"):
        read(
            "label,votes_happy,votes_sad,numbers", ",6,2,1", votes="soft", other_labels={name: 0.2}
        )


def test_a_column_that_is_mixed_in_is_no_attribute(read):
    rows = read(*MIXED, votes="soft", other_labels={"first": 0.2})
    assert "first" not in rows
    assert "second" in rows


@pytest.mark.parametrize(
    "wrong",
    [
        {"votes": "majority"},
        {"other_labels": {"x": 1.0}},
        {"other_labels": {"x": 0.6, "y": 0.4}},
        {"other_labels": {"label": 0.2}},
    ],
)
def test_other_labels_are_a_part_of_soft_votes(wrong):
    with pytest.raises(ValidationError):
        DataParams(**{"root": "x", "votes": "soft", "other_labels": {"x": 0.5}} | wrong)
