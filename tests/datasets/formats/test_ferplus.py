"""The votes of FER+ are joined to the images of FER2013, row by row."""

import pytest

from emotion.data.manifest import attribute_columns
from emotion.datasets.formats.ferplus import read_ferplus
from emotion.datasets.params import DataParams
from emotion.datasets.reader import read_dataset
from tests.user_errors import user_error

HEADER = (
    "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"
)


@pytest.fixture
def dataset(tmp_path):
    lines = [
        f"{i},{' '.join([str(i)] * 2304)},{usage}\n"
        for i, usage in enumerate(["Training", "PublicTest", "PrivateTest"])
    ]
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n" + "".join(lines))
    return tmp_path


def write_votes(dataset, *lines):
    (dataset / "fer2013new.csv").write_text(HEADER + "".join(line + "\n" for line in lines))


def test_votes_are_joined_to_the_image_of_the_same_row(dataset):
    write_votes(
        dataset,
        "Training,fer0000000.png,4,0,0,1,3,2,0,0,0,0",
        "PublicTest,,0,0,0,0,0,0,0,0,0,10",
        "PrivateTest,fer0000002.png,0,0,6,0,0,0,4,0,0,0",
    )
    rows = read_ferplus(dataset)
    counted = [column for column in rows if column.startswith("votes_")]
    assert " ".join(counted) == (
        "votes_neutral votes_happiness votes_surprise votes_sadness votes_anger votes_disgust "
        "votes_fear votes_contempt votes_unknown votes_nf"
    )
    assert rows[counted].to_numpy().tolist() == [
        [4, 0, 0, 1, 3, 2, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 10],
        [0, 0, 6, 0, 0, 0, 4, 0, 0, 0],
    ]
    assert rows["path"].tolist() == ["fer2013/00000.png", "fer2013/00001.png", "fer2013/00002.png"]
    assert [image[0, 0] for image in rows["pixels"]] == [0, 1, 2]
    assert rows["split"].tolist() == ["Training", "PublicTest", "PrivateTest"]
    assert set(rows["label"]) == {""}
    assert set(rows["source"]) == {"ferplus"}


def test_the_label_of_fer2013_is_part_of_a_soft_label_and_no_attribute(dataset):
    # Its codes 0, 1, 2 are angry, disgust and fear; the votes are for fear, angry and disgust.
    write_votes(
        dataset,
        "Training,a.png,0,0,0,0,0,0,8,0,0,0",
        "PublicTest,b.png,0,0,0,0,8,0,0,0,0,0",
        "PrivateTest,c.png,0,0,0,0,0,8,0,0,0,0",
    )
    mixed = {"votes": "soft", "other_labels": {"fer2013_label": 0.25}}
    rows, _ = read_dataset(DataParams(root=str(dataset), format="ferplus", **mixed))
    assert rows["label"].tolist() == ["fearful", "angry", "disgust"]
    assert rows["share_angry"].tolist() == [0.25, 0.75, 0]
    assert rows["share_disgust"].tolist() == [0, 0.25, 0.75]
    assert "fer2013_label" not in attribute_columns(rows)


def test_tables_of_different_length_are_rejected(dataset):
    write_votes(dataset, "Training,a.png,4,0,0,1,3,2,0,0,0,0")
    with user_error("1 rows", "3 rows", dataset / "fer2013.csv", file="fer2013new.csv"):
        read_ferplus(dataset)


def test_tables_in_different_order_are_rejected(dataset):
    votes = "a.png,4,0,0,1,3,2,0,0,0,0"
    write_votes(dataset, *(f"{use},{votes}" for use in ("Training", "Training", "PrivateTest")))
    with user_error(1, "'Training' (line 3)", dataset / "fer2013.csv", file="fer2013new.csv"):
        read_ferplus(dataset)


def test_missing_tables_columns_and_votes_are_named(dataset, tmp_path):
    with user_error(file="fer2013new.csv", hint="github.com/microsoft/FERPlus"):
        read_ferplus(dataset)
    with user_error("fer2013.csv", file="none", hint="data.root"):
        read_ferplus(tmp_path / "none")
    write_votes(dataset, "Training,a.png,4,0,0,many,3,2,0,0,0,0")
    with user_error("votes_sadness", "'many' (line 2)", file="fer2013new.csv"):
        read_ferplus(dataset)
    (dataset / "fer2013new.csv").write_text("Usage,neutral\nTraining,1\n")
    with user_error("happiness", "NF", "it has Usage, neutral", file="fer2013new.csv"):
        read_ferplus(dataset)
