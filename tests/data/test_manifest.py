"""A manifest is read back as it was written, and sampled by its content."""

import dataclasses
import os

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.data import manifest
from emotion.data.face import Face, FaceImage
from tests.user_errors import user_error

PREPARE = "dvc repro prepare_splits"


def example_rows():
    return pd.DataFrame(
        {
            "skin_tone": ["03", ""],  # an attribute: text, leading zero kept
            "path": ["a/1,2.png", 'a/"q".png'],
            "label": ["happy", "none"],
            "split": ["train", "test"],
            "subject": ["007", ""],
            "source": ["s", "NA"],
            "group": ["00e1", "12"],
            "sha256": ["0" * 64, "1" * 64],
            "width": [3, 40],
            "height": [5, 60],
            "synthetic": [True, False],
        }
    )


def test_a_manifest_survives_writing_and_reading(tmp_path):
    manifest.write_manifest(tmp_path / "m.csv", example_rows())
    read = manifest.read_manifest(tmp_path / "m.csv")
    assert list(read.columns) == [*manifest.COLUMNS, "skin_tone"]
    assert read.to_dict("list") == example_rows()[list(read.columns)].to_dict("list")
    assert read["width"].sum() == 43  # typed, not text
    assert read["synthetic"].sum() == 1


def test_the_hash_of_images_is_of_pixels_labels_and_splits_only():
    rows = example_rows()
    moved = rows[::-1].assign(path="elsewhere.png", skin_tone="")
    assert manifest.hash_images(rows) == manifest.hash_images(moved[:1], moved[1:])
    for column, value in (("sha256", "2" * 64), ("label", "sad"), ("split", "val")):
        changed = rows.assign(**{column: [value, *rows[column][1:]]})
        assert manifest.hash_images(changed) != manifest.hash_images(rows), column


CENTS = st.integers(-(10**6), 10**6).map(lambda cents: cents / 100)  # as the detector rounds
FACES = st.builds(
    Face,
    box=st.tuples(*[CENTS] * 4),
    score=st.integers(80, 100).map(lambda percent: percent / 100),
    landmarks=st.tuples(*[st.tuples(CENTS, CENTS)] * 5),
    turn=st.sampled_from([0, 90, 180, 270]),
)


@settings(max_examples=30, deadline=None)
@given(faces=st.lists(FACES | st.none(), min_size=2, max_size=2))
def test_faces_survive_writing_and_reading_exactly(tmp_path_factory, faces):
    path = tmp_path_factory.mktemp("manifest") / "m.csv"
    cells = [manifest.face_columns(number, face, "a" * 64) for number, face in enumerate(faces)]
    rows = pd.concat([example_rows(), pd.DataFrame(cells)], axis=1)
    manifest.write_manifest(path, rows)
    read = manifest.read_manifest(path)
    assert set(manifest.FACE_COLUMNS) <= set(read)
    assert read["face"].tolist() == ["0", "1"]
    sizes = [(3, 5), (40, 60)]
    expected = list(map(FaceImage, ["a/1,2.png", 'a/"q".png'], faces, sizes))
    assert manifest.face_images(read) == expected


def test_a_manifest_without_faces_has_whole_images():
    expected = [FaceImage("a/1,2.png"), FaceImage('a/"q".png')]
    assert manifest.face_images(example_rows()) == expected


def rows_with_faces(**changes):
    landmarks = tuple((float(x), 2.5) for x in range(5))
    face = Face(box=(1.25, -2.0, 30.5, 40.0), score=0.9, landmarks=landmarks)
    face = dataclasses.replace(face, **changes)
    cells = [manifest.face_columns(number, face, "b" * 64) for number in range(2)]
    return pd.concat([example_rows(), pd.DataFrame(cells)], axis=1)


def test_a_mask_has_the_face_in_the_size_of_its_image():
    rows = rows_with_faces().assign(evidence=["mask.png", ""])
    mask, none = manifest.face_images(rows, "evidence")
    assert (mask.path, none.path) == ("mask.png", "")
    assert mask.face_in((3, 5)) == mask.face
    half = mask.face_in((6, 5))  # twice as wide as the image, and as high
    assert half.box == (2.5, -2.0, 61.0, 40.0)
    assert half.landmarks[1] == (2.0, 2.5)


def test_columns_of_faces_are_no_attributes():
    assert manifest.attribute_columns(rows_with_faces()) == ["skin_tone"]


def test_the_hash_of_images_is_of_the_faces_too():
    rows = rows_with_faces()
    assert manifest.hash_images(rows) != manifest.hash_images(example_rows())
    assert manifest.hash_images(rows) == manifest.hash_images(rows[::-1].assign(path="x"))
    for changes in ({"box": (1.26, -2.0, 30.5, 40.0)}, {"landmarks": ((0.0, 0.01),) * 5}):
        assert manifest.hash_images(rows_with_faces(**changes)) != manifest.hash_images(rows)


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("face_box", "1 2 3"),
        ("face_box", "1 2 3 x"),
        ("face_box", "1 2 3 nan"),
        ("face_box", "1 2 3 inf"),
        ("face_landmarks", "1 2 3"),
        ("face_landmarks", "1 2 3 4"),
        ("face_landmarks", ""),
        ("face_turn", "45"),
        ("face_turn", ""),
        ("face_score", "high"),
        ("face_landmarks", None),
    ],
)
def test_a_damaged_face_is_named_with_the_stage(tmp_path, column, cell):
    rows = rows_with_faces()
    cells = {column: [rows[column][0], cell]}
    rows = rows.drop(columns=column) if cell is None else rows.assign(**cells)
    manifest.write_manifest(tmp_path / "m.csv", rows)
    with user_error(file="m.csv", hint=PREPARE):
        manifest.read_manifest(tmp_path / "m.csv")


def sample_rows():
    """50 images; the last is a copy of the first."""
    hashes = [f"{number % 49:064x}" for number in range(50)]
    return pd.DataFrame({"path": [f"{number:02d}.png" for number in range(50)], "sha256": hashes})


def test_rows_ordered_by_content_are_the_same_for_any_order_of_the_manifest():
    rows = sample_rows()
    found = manifest.order_by_content(rows, "probe set")
    shuffled = manifest.order_by_content(rows.sample(frac=1, random_state=0), "probe set")
    pd.testing.assert_frame_equal(shuffled, found)
    pd.testing.assert_frame_equal(found.sort_index(), rows)  # the same rows and columns
    copies = found.loc[found["sha256"] == rows["sha256"][0], "path"]
    assert list(copies) == ["00.png", "49.png"]


def test_the_order_by_content_depends_on_pixels_and_purpose_alone():
    rows = sample_rows().iloc[:49]
    paths = list(manifest.order_by_content(rows, "probe set")["path"])
    assert paths != sorted(paths)
    assert paths != list(manifest.order_by_content(rows, "parity")["path"])
    renamed = manifest.order_by_content(rows.assign(path=rows["path"].iloc[::-1]), "probe set")
    assert list(renamed.index) == [int(path[:2]) for path in paths]
    fewer = list(manifest.order_by_content(rows[::2], "probe set")["path"])
    assert fewer == [path for path in paths if path in fewer]  # rows left out move no others


def test_a_missing_manifest_or_column_is_named_with_the_stage(tmp_path):
    with user_error(file="m.csv", hint=PREPARE):
        manifest.read_manifest(tmp_path / "m.csv")
    example_rows().drop(columns=["sha256", "group"]).to_csv(tmp_path / "m.csv", index=False)
    with user_error("group", "sha256", file="m.csv", hint=PREPARE):
        manifest.read_manifest(tmp_path / "m.csv")


@pytest.mark.parametrize(
    "damage",
    {
        "half a row": lambda whole: whole[: len(whole) * 2 // 3],
        "not UTF-8": lambda whole: whole.replace(b"happy", b"h\xe9ppy"),
        "more cells than headings": lambda whole: whole + b"," * 20 + b"\n",
        "empty": lambda _: b"",
        "no rows": lambda whole: whole[: whole.index(b"\n") + 1],
        "an open quote": lambda whole: whole + b'"',
    }.items(),
    ids=lambda item: item[0],
)
def test_a_damaged_manifest_is_named_with_the_stage(tmp_path, damage):
    manifest.write_manifest(tmp_path / "m.csv", example_rows())
    (tmp_path / "m.csv").write_bytes(damage[1]((tmp_path / "m.csv").read_bytes()))
    with user_error(file="m.csv", hint=PREPARE):
        manifest.read_manifest(tmp_path / "m.csv")


def test_a_pipe_in_place_of_a_manifest_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "m.csv")
    with user_error(file="m.csv", hint=PREPARE):
        manifest.read_manifest(tmp_path / "m.csv")
