"""One row per face that is kept, and every image without one is listed with its reason."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from emotion.data import manifest
from emotion.data.face_crop import standard_crop
from emotion.data.images import read_image
from emotion.datasets.face_search import HASHED_SIDE, FoundFace
from emotion.datasets.faces import choose_faces, count_faces
from emotion.datasets.image_hashes import hash_pixels
from emotion.datasets.params import DataParams
from tests.datasets.conftest import make_face
from tests.datasets.test_prepare import SPLITS, reasons, splits_per_group
from tests.user_errors import user_error

pytestmark = pytest.mark.usefixtures("detector")
NONE, ONE, TWO, THREE = 40, 41, 42, 43  # pixels; see DetectorBySize


@pytest.fixture
def photographs(dataset):
    """40 images of one face; of each class, 2 without, 2 of two faces and 1 of three."""
    for index in range(40):
        dataset.add(f"{index:03d}.png", ("happy", "sad")[index % 2], size=ONE)
    for index, size in enumerate((NONE, NONE, TWO, TWO, THREE)):
        dataset.add(f"happy_{size}_{index}.png", "happy", size=size)
        dataset.add(f"sad_{size}_{index}.png", "sad", size=size)
    return dataset


def rows_of(prepared, size):
    return prepared.rows[prepared.rows["path"].str.contains(f"_{size}_")]


@pytest.mark.parametrize("faces", ["box", "aligned"])
def test_the_largest_face_is_kept_and_images_without_a_face_are_listed(photographs, faces):
    prepared = photographs.prepare(faces=faces)
    assert len(prepared.rows) == 46
    assert set(prepared.rows["face"]) == {"0"}
    assert reasons(prepared) == {"no face": 4}
    for size in (ONE, TWO, THREE):
        largest = make_face(2 + 9 * (size - 41), 3, 20 + 2 * (size - 41))
        rows = prepared.rows[prepared.rows["width"] == size]
        images = manifest.face_images(rows)
        assert {image.face.box for image in images} == {largest.box}
        np.testing.assert_allclose(images[0].face.landmarks, largest.landmarks, atol=0.005)


def test_as_is_detects_nothing_and_has_no_columns_of_faces(photographs, detector):
    prepared = photographs.prepare()
    assert len(prepared.rows) == 50
    assert detector.seen == []
    assert set(prepared.rows) == set(manifest.COLUMNS)
    assert prepared.report.faces == dict.fromkeys(prepared.report.faces, 0)
    assert len(prepared.faces) == 0


def test_images_of_several_faces_are_rejected_if_asked(photographs):
    prepared = photographs.prepare(faces="box", several_faces="reject")
    assert reasons(prepared) == {"no face": 4, "several faces": 6}
    assert len(prepared.rows) == 40
    several = prepared.rejected[prepared.rejected["reason"] == "several faces"]
    assert sorted(several["detail"]) == ["2 faces"] * 4 + ["3 faces"] * 2


def test_all_faces_are_rows_of_one_group_and_one_split_from_the_largest(photographs):
    prepared = photographs.prepare(faces="box", several_faces="all")
    rows = prepared.rows
    assert len(rows) == 40 + 4 * 2 + 2 * 3
    assert not rows.duplicated(["path", "face"]).any()
    assert rows["sha256"].nunique() == len(rows)
    assert (splits_per_group(prepared) == 1).all()
    assert (rows.groupby("path")["group"].nunique() == 1).all()
    assert rows["group"].nunique() == 46
    assert (rows.groupby("path")["image_sha256"].nunique() == 1).all()
    for _, of_image in rows_of(prepared, THREE).groupby("path"):
        assert of_image["face"].tolist() == ["0", "1", "2"]
        areas = [image.face.area for image in manifest.face_images(of_image)]
        assert areas == sorted(areas, reverse=True)


def test_an_image_without_a_face_can_be_kept_whole(photographs):
    prepared = photographs.prepare(faces="aligned", no_face="whole")
    assert len(prepared.rows) == 50
    assert prepared.rejected.empty
    rows = rows_of(prepared, NONE)
    assert (rows["sha256"] == rows["image_sha256"]).all()
    assert (rows[["face_box", "face_landmarks", "face_turn", "face_score"]] == "").all(axis=None)
    assert [image.face for image in manifest.face_images(rows)] == [None] * 4


def test_the_hash_of_a_row_is_that_of_the_crop(photographs):
    prepared = photographs.prepare(faces="box")
    found = dict(zip(prepared.faces["path"], prepared.faces["faces"], strict=True))
    for row in prepared.rows.itertuples():
        image = read_image(row.path)
        crop = np.asarray(standard_crop(image, found[row.path][0].face, HASHED_SIDE))
        assert row.sha256 == hash_pixels(crop)
        assert row.image_sha256 == hash_pixels(np.asarray(image))


def test_images_without_a_face_do_not_count_toward_max_rejected(photographs):
    assert reasons(photographs.prepare(faces="box", max_rejected=0.0)) == {"no face": 4}
    photographs.rows.append({"path": "missing.png", "label": "sad"})
    with user_error("1 of 51", "1 missing"):
        photographs.prepare(faces="box", max_rejected=0.0)


def test_every_row_of_the_dataset_is_kept_or_rejected_once(photographs):
    photographs.add("again.png", "sad", seed=10**6, size=ONE)  # the first image, which is happy
    prepared = photographs.prepare(faces="aligned")
    assert reasons(prepared) == {"no face": 4, "conflicting labels": 2}
    paths = sorted([*prepared.rows["path"], *prepared.rejected["path"]])
    assert paths == sorted(str(photographs.root / row["path"]) for row in photographs.rows)


def test_the_result_depends_on_neither_the_order_of_the_rows_nor_what_a_network_takes(photographs):
    """Apart from the crop itself, box and aligned have the same manifest."""
    one = photographs.prepare(faces="box", several_faces="all")
    photographs.rows.reverse()
    other = photographs.prepare(faces="aligned", several_faces="all")
    pd.testing.assert_frame_equal(one.rows, other.rows)
    assert one.report == other.report


def test_a_dataset_without_a_face_is_refused_with_the_way_out(dataset):
    for index in range(12):
        dataset.add(f"{index}.png", ("happy", "sad")[index % 2], size=NONE)
    with user_error("12 no face", str(dataset.root), key="data.faces", hint="as_is"):
        dataset.prepare(faces="box")
    assert len(dataset.prepare(faces="box", no_face="whole").rows) == 12


@pytest.mark.parametrize(("size", "reason"), [(NONE, "9 no face"), (TWO, "9 several faces")])
def test_a_class_that_loses_all_images_is_named(photographs, size, reason):
    for index in range(9):
        photographs.add(f"angry_{index}.png", "angry", size=size)
    with user_error("'angry'", reason, key="data.faces", hint="data.no_face") as caught:
        photographs.prepare(faces="box", several_faces="reject")
    assert "happy" not in str(caught.value)
    kept = photographs.prepare(faces="box", no_face="whole")
    assert set(kept.label_map) == {"angry", "happy", "sad"}


def test_a_dataset_of_one_face_is_refused_as_without_faces(dataset):
    dataset.add("0.png", "happy", size=ONE)
    with user_error("'happy'"):
        dataset.prepare(faces="box")


def test_no_images_have_no_faces():
    """As in a dataset of which no image has an agreed label."""
    columns = ["path", "label", "width", "height", "sha256", "phash", "faces"]
    chosen = choose_faces(pd.DataFrame(columns=columns), DataParams(root="x", faces="box"))
    assert (len(chosen.rows), len(chosen.rejected), len(chosen.found)) == (0, 0, 0)
    assert {*manifest.FACE_COLUMNS, "sha256", "phash", "image_phash"} <= set(chosen.rows)


def test_an_existing_split_whose_faces_are_not_found_is_named(photographs):
    for row in photographs.rows:
        row["split"] = "test" if "_40_" in row["path"] else ("train", "val")["7" in row["path"]]
    with user_error("test", "4 no face"):
        photographs.prepare(faces="box")


@pytest.mark.parametrize("several", ["largest", "all"])
def test_synthetic_rows_and_splits_are_as_without_faces(photographs, several):
    for index in range(10):
        label = ("happy", "sad")[index % 2]
        photographs.add(f"made_{index}.png", label, size=TWO, synthetic="true")
    prepared = photographs.prepare(faces="box", several_faces=several)
    made = prepared.rows[prepared.rows["synthetic"]]
    assert set(made["split"]) == {"train"}
    assert len(made) == 10 * (2 if several == "all" else 1)
    assert set(prepared.rows["split"]) == SPLITS


def test_faces_are_counted_by_image(photographs):
    found = photographs.prepare(faces="box", several_faces="all").report.faces
    assert found == {
        "images": 50,
        "no_face": 4,
        "one_face": 40,
        "several_faces": 6,
        "turned": 0,
        "enlarged": 0,
        "faces": 40 + 8 + 6,
    }


def test_turned_and_enlarged_faces_are_counted_once_per_image():
    plain, turned, enlarged = (
        FoundFace(make_face(0, 0, 9, **changes), "", b"")
        for changes in ({"zoom": 1.0}, {"turn": 90, "zoom": 0.5}, {"zoom": 1.5})
    )
    found = pd.DataFrame({"faces": [(plain, turned, turned), (turned, enlarged), (plain,), ()]})
    counts = count_faces(found)
    assert (counts["turned"], counts["enlarged"], counts["faces"]) == (2, 1, 6)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"faces": value} for value in (True, "Box", 3, [], None, "as_is ")),
        *({"face_margin": value} for value in ("1", float("nan"), float("inf"), 0, -1, 1e9, True)),
        *({"several_faces": value} for value in ("smallest", True, 2, [])),
        *({"no_face": value} for value in ("keep", False, None)),
    ],
    ids=str,
)
def test_wrong_settings_are_rejected(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        DataParams(root="x", **wrong)


@pytest.mark.parametrize("margin", [1, 0.5, 3, 1.25])
def test_a_margin_may_be_a_whole_number(margin):
    assert DataParams(root="x", faces="box", face_margin=margin).face_margin == margin
