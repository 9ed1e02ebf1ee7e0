"""For any dataset: no group is in two splits, and every dropped row has its reason."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PIL import Image

from emotion.core.errors import UserError
from emotion.data import manifest
from emotion.datasets.params import DataParams
from emotion.datasets.prepare import prepare
from tests.conftest import preprocessing_of
from tests.datasets.conftest import NoiseImages
from tests.user_errors import user_error

SPLITS = {"train", "val", "test"}


def reasons(prepared):
    return prepared.rejected["reason"].value_counts().to_dict()


def splits_per_group(prepared):
    return prepared.rows.groupby("group")["split"].nunique()


IMAGE = st.fixed_dictionaries(
    {
        "label": st.sampled_from(["happy", "sad"]),
        "seed": st.integers(0, 30),
        "subject": st.sampled_from(["", "", "ann", "bob", "cid", "dan"]),
        "synthetic": st.sampled_from(["", "", "true"]),
        "copy": st.booleans(),
    }
)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(images=st.lists(IMAGE, max_size=50), random=st.randoms())
def test_no_group_is_in_two_splits_and_no_row_is_lost(tmp_path_factory, images, random):
    folder = tmp_path_factory.mktemp("dataset")
    dataset = NoiseImages(folder / "faces")
    for index in range(24):  # enough single images to fill three splits
        dataset.add(f"single_{index}.png", ("happy", "sad")[index % 2])
    for index, image in enumerate(images):
        name = f"{index // 3:03d}_aug_{index}.png" if image["copy"] else f"{index:03d}.png"
        cells = {key: image[key] for key in ("subject", "synthetic")}
        dataset.add(name, image["label"], image["seed"], **cells)
    try:
        first = dataset.prepare()
    except UserError:  # too few groups for three splits; tested in tests/test_splits.py
        assume(False)
    assert (splits_per_group(first) == 1).all()
    assert set(first.rows["split"]) == SPLITS
    kept, dropped = first.rows["path"].tolist(), first.rejected["path"].tolist()
    assert sorted(kept + dropped) == sorted(str(folder / "faces" / r["path"]) for r in dataset.rows)
    assert set(first.rows.loc[first.rows["synthetic"], "split"]) <= {"train"}
    random.shuffle(dataset.rows)
    again = dataset.prepare()
    pd.testing.assert_frame_equal(first.rows, again.rows)
    by_path = ["path", "reason"]
    pd.testing.assert_frame_equal(
        first.rejected.sort_values(by_path, ignore_index=True),
        again.rejected.sort_values(by_path, ignore_index=True),
    )


@pytest.mark.slow
def test_the_result_does_not_depend_on_the_number_of_workers(dataset):
    for index in range(600):
        dataset.add(f"{index:03d}.png", ("happy", "sad")[index % 2], seed=index % 400)
    one, two = dataset.prepare(workers=1), dataset.prepare(workers=2)
    pd.testing.assert_frame_equal(one.rows, two.rows)


def test_a_reencoded_image_is_in_the_split_of_its_original(balanced):
    for index in range(60):
        with Image.open(balanced.root / f"{index:03d}.png") as image:
            image.save(balanced.root / f"again_{index:03d}.jpg", quality=90)
        balanced.rows.append(
            {"path": f"again_{index:03d}.jpg", "label": ("happy", "sad")[index % 2]}
        )
    prepared = balanced.prepare()
    assert prepared.duplicates["distance"].between(0, 16).all()
    assert len(prepared.duplicates) == prepared.rows["group"].nunique() == 60
    assert (splits_per_group(prepared) == 1).all()


@pytest.mark.parametrize("turn", Image.Transpose)
def test_a_mirrored_or_turned_copy_is_in_the_split_of_its_original(balanced, turn):
    for index in range(60):
        with Image.open(balanced.root / f"{index:03d}.png") as image:
            image.transpose(turn).save(balanced.root / f"turned_{index:03d}.png")
        balanced.rows.append(
            {"path": f"turned_{index:03d}.png", "label": ("happy", "sad")[index % 2]}
        )
    prepared = balanced.prepare()
    # Most have the very hash of the original then, but other pixels.
    assert prepared.report.duplicates == {"exact": 0, "near": 60, "conflicts": 0}
    assert prepared.rows["group"].nunique() == 60
    assert (splits_per_group(prepared) == 1).all()


def test_identical_images_with_two_labels_are_dropped_and_listed(balanced):
    balanced.add("a.png", "happy", seed=5)
    balanced.add("b.png", "sad", seed=5)
    prepared = balanced.prepare()
    assert reasons(prepared) == {"conflicting labels": 2}
    assert prepared.rejected["detail"].tolist() == ["labeled happy, sad"] * 2
    assert len(prepared.rows) == 60


def test_synthetic_rows_are_only_in_train_and_at_most_their_share(balanced):
    for index in range(120):
        balanced.add(f"made_{index}.png", ("happy", "sad")[index % 2], synthetic="true")
    prepared = balanced.prepare(synthetic_max_fraction=0.25)
    train = prepared.rows[prepared.rows["split"] == "train"]
    assert not prepared.rows.loc[prepared.rows["split"] != "train", "synthetic"].any()
    # 21 real training images per class allow 7 synthetic ones: 7 of 28
    assert train.groupby("label")["synthetic"].sum().to_dict() == {"happy": 7, "sad": 7}
    assert reasons(prepared) == {"over data.synthetic_max_fraction": 106}


def test_an_augmented_copy_of_a_held_out_image_is_dropped(balanced):
    for index in range(60):
        for number in range(2):
            name = f"{index:03d}_aug_{number}_ab{index}.png"
            balanced.add(name, ("happy", "sad")[index % 2])
    prepared = balanced.prepare(synthetic_max_fraction=1.0)
    originals = prepared.rows[~prepared.rows["synthetic"]]
    held_out = (originals["split"] != "train").sum()
    assert reasons(prepared) == {"synthetic or augmented, outside train": 2 * held_out}
    assert (splits_per_group(prepared) == 1).all()


def test_a_dataset_of_only_synthetic_images_is_split_like_any_other(balanced):
    balanced.rows = [{**row, "synthetic": "true"} for row in balanced.rows]
    prepared = balanced.prepare()
    assert set(prepared.rows["split"]) == SPLITS
    assert prepared.rejected.empty


def test_all_reasons_are_in_one_error_and_in_the_list_if_tolerated(balanced):
    balanced.add("unknown.png", "bored")
    balanced.rows.append({"path": "missing.png", "label": "happy"})
    (balanced.root / "text.png").write_text("no image")
    balanced.rows.append({"path": "text.png", "label": "sad"})
    Image.new("L", (40, 40), 7).save(balanced.root / "blank.png")
    balanced.rows.append({"path": "blank.png", "label": "sad"})
    parts = ["1 unknown label", "1 missing", "missing.png", "1 not an image", "1 blank"]
    with user_error("4 of 64", *parts, hint="data.max_rejected from 0.01 to 0.0625"):
        balanced.prepare()
    prepared = balanced.prepare(max_rejected=0.0625)
    assert reasons(prepared) == {"unknown label": 1, "missing": 1, "not an image": 1, "blank": 1}


def test_the_rows_are_the_manifest_also_if_some_images_were_not_opened(balanced):
    balanced.rows.append({"path": "missing.png", "label": "happy", "age": "30"})
    rows = balanced.prepare(max_rejected=0.05).rows
    assert set(rows.columns) == {*manifest.COLUMNS, "age"}
    assert rows["width"].tolist() == rows["height"].tolist() == [40] * 60
    assert rows["width"].dtype == rows["height"].dtype == np.int64


def test_a_dataset_without_any_existing_file_raises_with_the_counts(dataset):
    dataset.root.mkdir()
    dataset.rows += [{"path": f"{label}.png", "label": label} for label in ("happy", "sad")]
    with user_error("2 of 2", "2 missing"):
        dataset.prepare()


def test_every_face_of_an_image_has_its_mask_which_is_cropped_alike(dataset, detector):  # noqa: ARG001
    """The masks are the images themselves, so they must give the same crops."""
    for index in range(24):
        name = f"{index}.png"
        dataset.add(name, ("happy", "sad")[index % 2], size=41 + index % 2, evidence=name)
    rows = dataset.prepare(faces="aligned", several_faces="all").rows
    assert len(rows) == 36
    assert (rows["evidence"] == rows["path"]).all()
    exact = preprocessing_of(32, faces="aligned", interpolation="nearest")
    masks, images = manifest.face_images(rows, manifest.EVIDENCE), manifest.face_images(rows)
    for mask, image in zip(masks, images, strict=True):
        assert np.array_equal(exact.read(mask), exact.read(image))


def test_images_in_a_table_are_unpacked_and_split(tmp_path):
    random = np.random.default_rng(0)
    lines = ["emotion,pixels,Usage"]
    for index in range(30):
        usage = ("Training", "Training", "PublicTest", "PrivateTest")[index // 2 % 4]
        pixels = " ".join(map(str, random.integers(0, 256, 48 * 48)))
        lines.append(f"{(3, 4)[index % 2]},{pixels},{usage}")
    (tmp_path / "fer").mkdir()
    (tmp_path / "fer" / "fer2013.csv").write_text("\n".join(lines) + "\n")
    params = DataParams(root=str(tmp_path / "fer"), format="fer2013")
    prepared = prepare(params, tmp_path / "unpacked")
    assert len(prepared.rows) == 30
    row = prepared.rows.iloc[0]
    assert row["path"] == f"{tmp_path}/unpacked/fer2013/00000.png"
    with Image.open(row["path"]) as image:
        expected = np.array(lines[1].split(",")[1].split(), dtype=np.uint8).reshape(48, 48)
        assert np.array_equal(np.asarray(image), expected)


def test_oversampling_before_a_random_split_is_detected_and_prepare_avoids_it(dataset):
    """The rare class is oversampled with augmented copies, then the rows are split at random."""
    from emotion.cli.audit import LEAKS, NO_LEAKS, main

    for index in range(80):
        rare = index % 4 == 0
        name, label = f"{index:03d}.png", "sad" if rare else "happy"
        dataset.add(name, label)
        for number in range(3 if rare else 0):
            with Image.open(dataset.root / name) as image:
                rotated = image.rotate(10 * (number + 1))
                copy = f"{index:03d}_aug_{number}_{index * 7 + number:04x}.png"
                rotated.save(dataset.root / copy)
            dataset.rows.append({"path": copy, "label": label})
    table = pd.DataFrame(dataset.rows).sample(frac=1, random_state=3)
    tables = [str(dataset.root / f"{name}.csv") for name in ("train", "val", "test")]
    for path, part in zip(tables, (table[:98], table[98:119], table[119:]), strict=True):
        part.to_csv(path, index=False)
    assert main(tables) == LEAKS

    prepared = dataset.prepare(synthetic_max_fraction=0.8)
    for split, part in prepared.rows.groupby("split"):
        part.to_csv(dataset.root / f"{split}.csv", index=False, columns=["path", "label"])
    assert main(tables) == NO_LEAKS
