"""The votes of FER+ are joined to the images of FER2013, row by row."""

import pytest

from emotion.core.errors import UserError
from emotion.datasets.formats.ferplus import read_ferplus

HEADER = (
    "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"
)


@pytest.fixture
def corpus(tmp_path):
    lines = [
        f"{i},{' '.join([str(i)] * 2304)},{usage}\n"
        for i, usage in enumerate(["Training", "PublicTest", "PrivateTest"])
    ]
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n" + "".join(lines))
    return tmp_path


def write_votes(corpus, *lines):
    (corpus / "fer2013new.csv").write_text(HEADER + "".join(line + "\n" for line in lines))


def test_votes_are_joined_to_the_image_of_the_same_row(corpus):
    write_votes(
        corpus,
        "Training,fer0000000.png,4,0,0,1,3,2,0,0,0,0",
        "PublicTest,,0,0,0,0,0,0,0,0,0,10",
        "PrivateTest,fer0000002.png,0,0,6,0,0,0,4,0,0,0",
    )
    rows = read_ferplus(corpus)
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


def test_tables_of_different_length_are_rejected(corpus):
    write_votes(corpus, "Training,a.png,4,0,0,1,3,2,0,0,0,0")
    with pytest.raises(UserError, match=r"has 1 rows, .*fer2013\.csv has 3; they must have the sa"):
        read_ferplus(corpus)


def test_tables_in_different_order_are_rejected(corpus):
    votes = "a.png,4,0,0,1,3,2,0,0,0,0"
    write_votes(corpus, *(f"{usage},{votes}" for usage in ("Training", "Training", "PrivateTest")))
    with pytest.raises(UserError, match=r"1 differ in Usage, first 'Training' \(line 3\)"):
        read_ferplus(corpus)


def test_missing_tables_columns_and_votes_are_named(corpus, tmp_path):
    with pytest.raises(UserError, match=r"fer2013new\.csv does not exist; .*microsoft/FERPlus"):
        read_ferplus(corpus)
    with pytest.raises(UserError, match=r"has no fer2013\.csv; data\.format ferplus needs it"):
        read_ferplus(tmp_path / "none")
    write_votes(corpus, "Training,a.png,4,0,0,many,3,2,0,0,0,0")
    with pytest.raises(UserError, match=r"values of votes_sadness are not whole .*'many' \(line 2"):
        read_ferplus(corpus)
    (corpus / "fer2013new.csv").write_text("Usage,neutral\nTraining,1\n")
    with pytest.raises(UserError, match=r"lacks the column\(s\) happiness, .*NF; it has Usage"):
        read_ferplus(corpus)
