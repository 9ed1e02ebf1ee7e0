"""labels.csv is read as written, and every defect has an error message."""

import pytest

from emotion.datasets.formats.csv_table import read_csv_table
from tests.datasets.conftest import touch
from tests.datasets.formats.conftest import table_of
from tests.user_errors import user_error


@pytest.fixture
def read(tmp_path):
    def read_text(text, encoding="utf-8"):
        root = touch(tmp_path / "faces")
        (root / "labels.csv").write_bytes(text.encode(encoding))
        return read_csv_table(root)

    return read_text


def test_path_and_label_are_the_only_required_columns(read, tmp_path):
    touch(tmp_path / "faces", "a/1.jpg", "b/2.jpg")
    rows = read("path,label\na/1.jpg,none\n./b//2.jpg,NA\n")
    assert rows.to_dict("list") == table_of(
        "faces",
        path=["a/1.jpg", "b/2.jpg"],
        label=["none", "NA"],
        split=["", ""],
        attempts=["", ""],
    )


def test_optional_columns_and_attributes_are_kept_as_text(read):
    rows = read(
        "subject,path,label,split,skin_tone,synthetic,source\n"
        '007,1.jpg,happy,train,03,True,"lab, one"\n'
        ",2.jpg,sad,test,,0,\n"
    )
    assert rows["subject"].tolist() == ["007", ""]
    assert rows["skin_tone"].tolist() == ["03", ""]
    assert rows["synthetic"].tolist() == [True, False]
    assert rows["source"].tolist() == ["lab, one", "faces"]
    assert rows["split"].tolist() == ["train", "test"]


def test_a_missing_table_error_suggests_the_format_folder(tmp_path):
    with user_error(file="labels.csv", hint="data.format to folder"):
        read_csv_table(tmp_path)


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        ("picture,mood,age", "path, label"),
        ("path,emotion,class", "label"),  # both may mean the label
    ],
)
def test_missing_columns_are_named_with_the_existing_ones(read, header, missing):
    with user_error(missing, f"it has {header.replace(',', ', ')}", file="labels.csv"):
        read(f"{header}\n1.jpg,happy,b\n")


@pytest.mark.parametrize(
    "column",
    [
        *("width", "sha256", "group", "pixels", "attempts", "problem", "share_happy", "share_"),
        *("face", "face_box", "face_turn", "image_sha256", "faces", "image_phash"),
    ],
)
def test_a_column_that_the_pipeline_fills_in_is_rejected(read, column):
    with user_error(column, "prepare_splits", file="labels.csv"):
        read(f"path,label,{column}\n1.jpg,happy,3\n")


def test_missing_empty_and_outside_paths_keep_their_rows(read, tmp_path):
    touch(tmp_path, "2.jpg")
    rows = read("path,label\n/none/1.jpg,a\n../2.jpg,b\n,c\n,d\n")
    assert rows["path"].tolist() == ["/none/1.jpg", f"{tmp_path.as_posix()}/2.jpg", "", ""]
    assert rows["label"].tolist() == ["a", "b", "c", "d"]
    assert rows["attempts"][0].startswith("/none/1.jpg, ")
    assert rows["attempts"].tolist()[1:] == ["", "", ""]


def test_masks_are_resolved_like_images_and_a_missing_one_is_reported(read, tmp_path):
    touch(tmp_path / "faces", "1.jpg", "2.jpg", "3.jpg", "evidence/1.png", "evidence/2.png")
    rows = read(
        "path,label,evidence\n"
        f"1.jpg,a,{tmp_path.as_posix()}/faces/evidence/1.png\n"
        "2.jpg,a,C:\\data\\evidence\\2.png\n"
        "3.jpg,a,evidence/3.png\n"
        "4.jpg,a,\n"
    )
    assert rows["evidence"].tolist() == ["evidence/1.png", "evidence/2.png", "evidence/3.png", ""]
    assert rows["attempts"].tolist()[:2] == ["", ""]
    assert rows["attempts"][2].endswith("faces/3.png (its evidence mask)")
    assert "evidence mask" not in rows["attempts"][3]
    assert "evidence" not in read("path,label\n1.jpg,a\n")


def test_all_images_with_two_rows_are_reported_at_once(read, tmp_path):
    touch(tmp_path / "faces", "3.jpg")
    with user_error("2 paths", "'1.jpg' (line 3), '3.jpg' (line 5)", file="labels.csv"):
        read("path,label\n1.jpg,a\nx/../1.jpg,b\n3.jpg,a\n/elsewhere/3.jpg,b\n2.jpg,a\n")


def test_votes_are_integers_and_an_empty_cell_is_0(read):
    rows = read("path,label,votes_happy,votes_NF\n1.jpg,,3,\n2.jpg,,0,10\n")
    assert rows["votes_happy"].tolist() == [3, 0]
    assert rows["votes_NF"].tolist() == [0, 10]


@pytest.mark.parametrize(
    ("column", "good", "bad"),
    [
        *(("votes_sad", "3", cell) for cell in ("two", "1.5", "-1")),
        ("synthetic", "yes", "maybe"),
    ],
)
def test_a_value_of_the_wrong_type_is_rejected_with_its_line(read, column, good, bad):
    with user_error(f"1 values of {column}", f"'{bad}' (line 3)", file="labels.csv"):
        read(f"path,label,{column}\n1.jpg,a,{good}\n2.jpg,a,{bad}\n")


@pytest.mark.filterwarnings("ignore")  # as in a user's run, where warnings are not errors
@pytest.mark.parametrize(
    "text",
    [
        "",
        "path,label\n1.jpg,a,b\n2.jpg,c,d\n",
        'path,label\n"1.jpg,a\n',
        "path,label\n1,2\n1,2,3\n",
    ],
)
def test_a_malformed_table_is_rejected(read, text):
    with user_error("UTF-8", file="labels.csv", hint="CSV UTF-8"):
        read(text)


def test_another_encoding_is_rejected(read):
    with user_error("UTF-8", file="labels.csv"):
        read("path,label\nfröhlich.jpg,happy\n", encoding="latin-1")


@pytest.mark.parametrize(
    "header",
    ["Path,Label", "PATH,LABEL", "filename,emotion", "file,expression", "image_path,class"],
)
def test_usual_headings_of_other_tools_are_accepted(read, header):
    rows = read(f"{header},Subject\n1.jpg,happy,007\n")
    assert rows[["path", "label", "subject"]].to_numpy().tolist() == [["1.jpg", "happy", "007"]]


def test_our_own_heading_has_precedence_and_the_other_is_an_attribute(read):
    rows = read("path,label,emotion,file\n1.jpg,happy,strong,a.raw\n")
    assert rows["label"].tolist() == ["happy"]
    assert rows["emotion"].tolist() == ["strong"]
    assert rows["file"].tolist() == ["a.raw"]


@pytest.mark.parametrize("word", ["unknown", "NaN", "None", "NA", "n/a", "-1", "?", "NULL", " "])
def test_a_placeholder_is_no_subject(read, word):
    """As one person, all images without a known person would have to be in one split."""
    rows = read(f"path,label,subject\n1.jpg,happy,{word}\n2.jpg,sad,7\n")
    assert rows["subject"].tolist() == ["", "7"]


def test_headings_and_booleans_have_many_spellings(read):
    rows = read(
        "\u200bPath,Label\u00a0,ＳＵＢＪＥＣＴ,Synthetic\n1.jpg,happy,a,1.0\n2.jpg,sad,b,0.0\n"
    )
    assert rows[["path", "label", "subject"]].to_numpy().tolist() == [
        ["1.jpg", "happy", "a"],
        ["2.jpg", "sad", "b"],
    ]
    assert rows["synthetic"].tolist() == [True, False]


@pytest.mark.parametrize("cell", ["nan", "<NA>", "#N/A", "None", "-1.0", "—", "N/A"])
def test_what_stands_for_an_unknown_person_is_no_person_and_is_said(read, cell, capsys):
    rows = read(f"path,label,subject\n1.jpg,happy,{cell}\n2.jpg,sad,7\n")
    assert rows["subject"].tolist() == ["", "7"]
    assert f"1 subjects are unknown: {cell}" in capsys.readouterr().out


def test_a_path_in_two_spellings_is_one_image(read, tmp_path):
    touch(tmp_path / "faces", "\u00fc.jpg", "B.jpg")
    with user_error("2 paths", "'B.jpg' (line 5)", file="labels.csv"):
        read("path,label\nu\u0308.jpg,a\n\u00fc.jpg,b\nB.jpg,a\nb.JPG,a\n")


def test_votes_for_a_word_in_two_columns_are_refused(read):
    with user_error("votes_sad", "Votes_sad", file="labels.csv"):
        read("path,votes_sad,Votes_sad\n1.jpg,1,2\n")
