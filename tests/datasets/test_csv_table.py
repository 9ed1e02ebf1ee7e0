"""labels.csv is taken at its word, and every misuse of it is one sentence."""

import pytest

from emotion.core.errors import UserError
from emotion.datasets.csv_table import read_csv_table


@pytest.fixture
def read(tmp_path):
    def read_text(text, encoding="utf-8"):
        root = tmp_path / "corpus"
        root.mkdir(exist_ok=True)
        (root / "labels.csv").write_bytes(text.encode(encoding))
        return read_csv_table(root)

    return read_text


def test_two_columns_are_enough(read):
    rows = read("path,label\na/1.jpg,none\n./b//2.jpg,NA\n")
    assert rows.to_dict("list") == {
        "path": ["a/1.jpg", "b/2.jpg"],
        "label": ["none", "NA"],
        "split": ["", ""],
        "subject": ["", ""],
        "source": ["corpus", "corpus"],
        "synthetic": [False, False],
    }


def test_optional_columns_and_attributes_are_kept_as_text(read):
    rows = read(
        "subject,path,label,split,skin_tone,synthetic,source\n"
        '007,1.jpg,happy,train,03,True,"lab, one"\n'
        ",2.jpg,sad,test,,0,\n"
    )
    assert rows["subject"].tolist() == ["007", ""]
    assert rows["skin_tone"].tolist() == ["03", ""]
    assert rows["synthetic"].tolist() == [True, False]
    assert rows["source"].tolist() == ["lab, one", "corpus"]
    assert rows["split"].tolist() == ["train", "test"]


def test_a_table_saved_by_excel_is_read(read):
    rows = read("path, label \r\n1.jpg, happy\r\n", encoding="utf-8-sig")
    assert rows[["path", "label"]].to_numpy().tolist() == [["1.jpg", "happy"]]


def test_a_missing_table_names_the_other_format(tmp_path):
    with pytest.raises(UserError, match=r"labels\.csv does not exist.*data\.format to folder"):
        read_csv_table(tmp_path)


def test_missing_columns_are_named_with_those_there(read):
    with pytest.raises(UserError, match=r"lacks the column\(s\) path, label; it has file, emotion"):
        read("file,emotion\n1.jpg,happy\n")


def test_columns_that_the_manifest_fills_are_refused(read):
    with pytest.raises(UserError, match=r"group, width, which the manifest fills itself"):
        read("path,label,width,group\n1.jpg,happy,3,4\n")


def test_all_paths_outside_the_folder_are_told_at_once(read):
    with pytest.raises(UserError) as caught:
        read("path,label\n/etc/1.jpg,a\n../2.jpg,a\nx/../../3.jpg,a\n,a\nok/../4.jpg,a\n4.jpg,b\n")
    message = str(caught.value)
    assert "4 paths are empty or leave the folder" in message
    for part in ("'/etc/1.jpg' (line 2)", "'../2.jpg' (line 3)", "'x/../../3.jpg' (line 4)"):
        assert part in message
    assert "1 paths are repeated: '4.jpg' (line 7)" in message


def test_a_synthetic_that_is_no_boolean_is_refused(read):
    with pytest.raises(UserError, match=r"1 values of synthetic .*'maybe' \(line 3\)"):
        read("path,label,synthetic\n1.jpg,a,yes\n2.jpg,a,maybe\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "path,label\n1.jpg,a,b\n2.jpg,c,d\n",
        'path,label\n"1.jpg,a\n',
        "path,label\n1,2\n1,2,3\n",
    ],
)
def test_a_malformed_table_is_one_sentence(read, text):
    with pytest.raises(UserError, match=r"is not a comma-separated UTF-8 table"):
        read(text)


def test_another_encoding_is_named(read):
    with pytest.raises(UserError, match="UTF-8"):
        read("path,label\nfröhlich.jpg,happy\n", encoding="latin-1")
