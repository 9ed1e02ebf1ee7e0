"""AffectNet is read in both published forms; its validation set is used as test."""

import numpy as np
import pytest

from emotion.datasets.formats.affectnet import read_affectnet
from emotion.datasets.formats.codes import COLUMNS as CODES
from tests.datasets.conftest import touch
from tests.datasets.formats.conftest import table_of
from tests.user_errors import user_error

HEADER = (
    "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,"
    "expression,valence,arousal\n"
)
IMAGE_FOLDERS = ["Manually_Annotated_Images", "Manually_Annotated/Manually_Annotated_Images"]
WORDS = [
    "Neutral", "Happiness", "Sadness", "Surprise", "Fear", "Disgust", "Anger", "Contempt",
    "no expression", "Uncertain", "No-Face",
]  # fmt: skip


def line(path, code, valence="0.5", arousal="-0.25"):
    return f"{path},134,134,899,899,181.64;530.91,{code},{valence},{arousal}\n"


def write_tables(root, train, validation, lists=""):
    (root / lists).mkdir(exist_ok=True)
    (root / lists / "training.csv").write_text(HEADER + train)
    (root / lists / "validation.csv").write_text(HEADER + validation)


@pytest.mark.parametrize("lists", ["", "Manually_Annotated_file_lists"])
@pytest.mark.parametrize("images", IMAGE_FOLDERS)
def test_tables_are_read_from_every_known_folder(tmp_path, lists, images):
    (tmp_path / images).mkdir(parents=True)
    write_tables(tmp_path, line("689/a.jpg", 1), line("10/b.jpg", 7, "-0.1", "0.9"), lists)
    assert read_affectnet(tmp_path).drop(columns=list(CODES)).to_dict("list") == table_of(
        "affectnet",
        path=[f"{images}/689/a.jpg", f"{images}/10/b.jpg"],
        label=["Happiness", "Contempt"],
        split=["train", "test"],
        valence=["0.5", "-0.1"],
        arousal=["-0.25", "0.9"],
    )


def test_every_code_maps_to_its_word_and_none_is_not_neutral(tmp_path):
    (tmp_path / "Manually_Annotated_Images").mkdir()
    train = "".join(line(f"1/{code}.jpg", code) for code in range(11))
    write_tables(tmp_path, train, line("1/x.jpg", 11) + line("", ""))
    rows = read_affectnet(tmp_path)
    assert rows["label"].tolist() == [*WORDS, "11", ""]
    assert rows["path"].tolist()[-1] == ""


def test_missing_tables_folders_and_columns_are_named(tmp_path):
    with user_error("training.csv", "train_set", file=tmp_path, hint="data.root"):
        read_affectnet(tmp_path)
    (tmp_path / "training.csv").write_text(HEADER + line("1/a.jpg", 1))
    with user_error(*IMAGE_FOLDERS, file=tmp_path, hint="data.root"):
        read_affectnet(tmp_path)
    (tmp_path / "Manually_Annotated_Images").mkdir()
    with user_error(file="validation.csv", hint="training.csv and validation.csv"):
        read_affectnet(tmp_path)
    (tmp_path / "validation.csv").write_text("subDirectory_filePath,expression\n1/a.jpg,1\n")
    with user_error("valence", "arousal", file="validation.csv"):
        read_affectnet(tmp_path)


def annotate(folder, name, expression, valence, arousal, image=True):
    for part in ("images", "annotations"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    if image:
        touch(folder, f"images/{name}.jpg")
    for suffix, value in (("exp", expression), ("val", valence), ("aro", arousal)):
        np.save(folder / f"annotations/{name}_{suffix}.npy", value)


def test_sets_are_read_with_text_and_with_numeric_values(tmp_path):
    annotate(tmp_path / "train_set", "10", np.array("3"), np.array("0.5"), np.array("-0.25"))
    annotate(tmp_path / "train_set", "9", np.array(0), np.array(0.5), np.array(-0.25))
    annotate(tmp_path / "val_set", "0", np.array(["6"]), np.array([1.0]), np.array([0.0]))
    np.save(tmp_path / "val_set/annotations/0_lnd.npy", np.zeros(136))
    assert read_affectnet(tmp_path).drop(columns=list(CODES)).to_dict("list") == table_of(
        "affectnet",
        path=["train_set/images/9.jpg", "train_set/images/10.jpg", "val_set/images/0.jpg"],
        label=["Neutral", "Surprise", "Anger"],
        split=["train", "train", "test"],
        valence=["0.5", "0.5", "1.0"],
        arousal=["-0.25", "-0.25", "0.0"],
    )


def test_unpaired_images_and_annotations_keep_their_rows(tmp_path):
    train, text = tmp_path / "train_set", np.array("1")
    annotate(train, "1", text, text, text)
    annotate(train, "2", text, text, text, image=False)
    touch(train, "images/3.png", "images/._3.png")
    annotate(train, "4", np.array([1, 2]), text, text)
    (train / "annotations/5_exp.npy").write_bytes(b"")
    (train / "annotations/6_exp.npy").write_bytes(b"no array")
    np.save(train / "annotations/7_exp.npy", np.array({"a": 1}, dtype=object), allow_pickle=True)
    annotate(tmp_path / "val_set", "1", text, text, text)
    rows = read_affectnet(tmp_path).query("split == 'train'")
    names = ["1.jpg", "2.jpg", "3.png", "4.jpg", "5.jpg", "6.jpg", "7.jpg"]
    assert rows["path"].tolist() == [f"train_set/images/{name}" for name in names]
    assert rows["label"].tolist() == ["Happiness", "Happiness", "", "", "", "", ""]
    assert rows["valence"].tolist() == ["1", "1", "", "1", "", "", ""]


def test_a_set_without_annotations_is_rejected(tmp_path):
    text = np.array("1")
    annotate(tmp_path / "train_set", "1", text, text, text)
    (tmp_path / "val_set/images").mkdir(parents=True)
    with user_error(file="val_set/annotations", hint="train_set and val_set"):
        read_affectnet(tmp_path)
