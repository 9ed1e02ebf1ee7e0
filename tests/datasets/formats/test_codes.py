"""A table whose codes start at another number is named, and never read with shifted labels."""

from pathlib import Path

import pandas as pd
import pytest

from emotion.datasets.formats.codes import name_codes
from emotion.datasets.params import DataParams
from emotion.datasets.reader import read_dataset
from tests.user_errors import user_error

WORDS = ["Surprise", "Fear", "Disgust", "Happiness", "Sadness", "Anger", "Neutral"]


def name(*cells, first=1):
    return name_codes(pd.Series(cells, dtype=str), WORDS, Path("list.txt"), first)


def write_rafdb(root, codes):
    (root / "aligned").mkdir()
    lines = [f"train_{row}.jpg {code}\n" for row, code in enumerate(codes)]
    (root / "list_patition_label.txt").write_text("".join(lines))


def write_fer2013(root, codes):
    gray = " ".join(["7"] * 2304)
    lines = [f"{code},{gray},Training\n" for code in codes]
    (root / "fer2013.csv").write_text("emotion,pixels,Usage\n" + "".join(lines))


def write_affectnet(root, codes):
    (root / "Manually_Annotated_Images").mkdir()
    header = "subDirectory_filePath,expression,valence,arousal\n"
    half = len(codes) // 2
    for table, part in (("training", codes[:half]), ("validation", codes[half:])):
        lines = [f"1/{table}{row}.jpg,{code},0,0\n" for row, code in enumerate(part)]
        (root / f"{table}.csv").write_text(header + "".join(lines))


WRITE = {"rafdb": write_rafdb, "fer2013": write_fer2013, "affectnet": write_affectnet}
SHIFTED = {
    "rafdb": (range(7), "0 to 6", "1 Surprise", "6: neutral}`"),
    "fer2013": (range(1, 8), "1 to 7", "0 Angry", "labels: {1: angry, 2: disgust,"),
    # The last three codes are no classes.
    "affectnet": (range(1, 12), "1 to 11", "0 Neutral", "7: angry, 8: contempt}`"),
}


@pytest.mark.parametrize("layout", SHIFTED)
def test_shifted_codes_are_refused_with_those_found_those_expected_and_what_to_write(
    tmp_path, layout
):
    codes, found, expected, line = SHIFTED[layout]
    WRITE[layout](tmp_path, codes)
    with user_error(found, expected, key="data.labels", hint=line):
        read_dataset(DataParams(root=str(tmp_path), format=layout))


@pytest.mark.parametrize("layout", SHIFTED)
def test_shifted_codes_are_what_data_labels_says(tmp_path, layout):
    codes = SHIFTED[layout][0]
    WRITE[layout](tmp_path, codes)
    labels = {str(code): f"class {code}" for code in codes}
    rows, _ = read_dataset(DataParams(root=str(tmp_path), format=layout, labels=labels))
    assert rows["label"].tolist() == list(labels.values())
    labels = dict([labels.popitem()])
    rows, _ = read_dataset(DataParams(root=str(tmp_path), format=layout, labels=labels))
    assert rows["label"].tolist() == [*map(str, codes[:-1]), *labels.values()]
    assert rows["problem"].tolist() == ["unknown label"] * len(codes[:-1]) + [""]


@pytest.mark.parametrize("layout", SHIFTED)
def test_codes_that_a_program_wrote_as_decimal_numbers_are_read(tmp_path, layout):
    first = 1 if layout == "rafdb" else 0
    WRITE[layout](tmp_path, [f"{code}.0" for code in range(first, first + 7)])
    rows, _ = read_dataset(DataParams(root=str(tmp_path), format=layout))
    assert set(rows["problem"]) == {""}
    assert rows["label"].nunique() == 7


def test_data_labels_overrules_the_words_of_the_dataset(tmp_path):
    write_rafdb(tmp_path, [1, 2])
    rows, _ = read_dataset(DataParams(root=str(tmp_path), format="rafdb", labels={"1": "neutral"}))
    assert rows["label"].tolist() == ["neutral", "fearful"]
    assert not {"code", "code_problem", "code_hint"} & set(rows)


@pytest.mark.parametrize(
    ("first", "codes"),
    [
        (1, range(1, 8)),
        (1, range(8)),  # both ends: 0 is one more code
        (1, [3, 4]),
        (0, range(7)),
        (0, [*range(6), 7]),  # CK+ in the columns of FER2013
        (0, [3, 4]),
        (0, [1, 3, 5]),
    ],
)
def test_some_or_more_codes_from_the_usual_first_one_are_named(first, codes):
    found = name(*codes, first=first)
    assert set(found["code_problem"]) == {""}
    expected = [WORDS[code - first] if first <= code < first + 7 else str(code) for code in codes]
    assert found["label"].tolist() == expected


@pytest.mark.parametrize(("first", "codes"), [(1, [0, 3]), (0, [1, 7]), (0, range(1, 7))])
def test_codes_that_may_be_shifted_are_kept_with_the_error(first, codes):
    found = name(*codes, first=first)
    assert found["label"].tolist() == found["code"].tolist() == list(map(str, codes))
    assert set(found["code_problem"]) != {""}


def test_cells_without_a_code_are_kept_and_are_no_reason_to_refuse():
    found = name("-1", "", "happy", "1 2", "9" * 30, "2")
    assert found["label"].tolist() == ["-1", "", "happy", "1 2", "9" * 30, "Fear"]
    assert found["code"].tolist() == ["", "", "", "", "", "2"]
    assert set(found["code_problem"]) == {""}
