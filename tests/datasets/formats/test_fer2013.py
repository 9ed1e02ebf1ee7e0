"""FER2013 is read in all three forms in circulation."""

import numpy as np
import pytest

from emotion.datasets.formats.codes import COLUMNS as CODES
from emotion.datasets.formats.fer2013 import TABLES, read_fer2013
from emotion.datasets.split_names import SPLIT_OF
from tests.datasets.conftest import touch
from tests.datasets.formats.conftest import table_of
from tests.user_errors import user_error


def gray(value):
    return " ".join([str(value)] * 2304)


def test_the_kaggle_table_is_read_into_words_splits_and_images(tmp_path):
    ramp = " ".join(str(i % 256) for i in range(2304))
    (tmp_path / "fer2013.csv").write_text(
        f"emotion,pixels,Usage\n0,{ramp},Training\n6,{gray(255)},PublicTest\n"
        f"3,{gray(0)},PrivateTest\n"
    )
    rows = read_fer2013(tmp_path)
    assert rows.drop(columns=["pixels", *CODES]).to_dict("list") == table_of(
        "fer2013",
        path=["fer2013/00000.png", "fer2013/00001.png", "fer2013/00002.png"],
        label=["Angry", "Neutral", "Happy"],
        split=["Training", "PublicTest", "PrivateTest"],
    )
    assert [SPLIT_OF[split.lower()] for split in rows["split"]] == ["train", "val", "test"]
    first, second, _ = rows["pixels"]
    assert first.dtype == second.dtype == np.uint8
    np.testing.assert_array_equal(first, np.arange(2304).reshape(48, 48) % 256)
    np.testing.assert_array_equal(second, np.full((48, 48), 255))


def test_every_code_maps_to_its_word(tmp_path):
    lines = "".join(f"{code},{gray(code)},Training\n" for code in range(7))
    (tmp_path / "fer2013.csv").write_text("emotion,pixels,Usage\n" + lines)
    words = ["Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral"]
    assert read_fer2013(tmp_path)["label"].tolist() == words


def test_the_other_table_with_spaces_and_another_column_order_is_read(tmp_path):
    (tmp_path / "icml_face_data.csv").write_text(
        f"emotion, Usage, pixels\n5,Training,{gray(7)}\n4,PrivateTest,{gray(8)}\n"
    )
    rows = read_fer2013(tmp_path)
    assert rows["label"].tolist() == ["Surprise", "Sad"]
    assert rows["split"].tolist() == ["Training", "PrivateTest"]
    assert [image[0, 0] for image in rows["pixels"]] == [7, 8]


def test_class_folders_are_read(tmp_path):
    rows = read_fer2013(touch(tmp_path, "train/angry/1.jpg", "test/happy/2.jpg"))
    assert rows[["path", "label", "split", "source"]].to_numpy().tolist() == [
        ["test/happy/2.jpg", "happy", "test", "fer2013"],
        ["train/angry/1.jpg", "angry", "train", "fer2013"],
    ]
    assert "pixels" not in rows


@pytest.mark.parametrize(
    "invalid", ["", "1 2 3", gray(1) + " 1", gray(256), gray(-1), gray("1.5"), gray("x")]
)
def test_an_invalid_string_of_pixels_affects_only_its_own_image(tmp_path, invalid):
    (tmp_path / "fer2013.csv").write_text(
        f"emotion,pixels,Usage\n0,{gray(1)},Training\n9,{invalid},Elsewhere\n2,{gray(3)},Training\n"
    )
    rows = read_fer2013(tmp_path)
    assert [image is None for image in rows["pixels"]] == [False, True, False]
    assert rows["label"].tolist() == ["Angry", "9", "Fear"]
    assert rows["split"].tolist() == ["Training", "Elsewhere", "Training"]
    assert rows["path"].tolist()[2] == "fer2013/00002.png"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("emotion,pixels,Usage\n0,1 2 3 4,Training\n", (2304, 4)),  # another image size
        ("emotion,pixels,Usage\n", (2304, 0)),
        ("emotion,pixels\n0,1\n", ("Usage", "emotion", "pixels")),
    ],
)
def test_a_table_of_another_form_is_rejected(tmp_path, text, names):
    (tmp_path / "fer2013.csv").write_text(text)
    with user_error(*names, file="fer2013.csv", hint="Kaggle"):
        read_fer2013(tmp_path)


def test_the_error_for_an_unknown_folder_names_all_three_forms(tmp_path):
    (tmp_path / "train").mkdir()
    with user_error(*TABLES, "train", "test", file=tmp_path, hint="data.root"):
        read_fer2013(tmp_path)
