"""The selection is stable, and masks stay aligned with their images."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emotion.data.cache import cache_images
from emotion.data.face_regions import LEVELS
from emotion.data.manifest import face_images
from emotion.data.transforms import crop_batch
from emotion.explanation.images import (
    order_probes_first,
    read_evidence,
    read_regions,
    read_units,
)
from tests.explanation.methods.conftest import CLASSES, SIZE
from tests.user_errors import user_error


def test_the_order_does_not_depend_on_the_order_of_the_rows(rows):
    ordered, probes = order_probes_first(rows, CLASSES, per_class=2)
    again, _ = order_probes_first(rows.sample(frac=1, random_state=3), CLASSES, per_class=2)
    assert list(again["path"]) == list(ordered["path"])
    assert (len(ordered), probes) == (12, 6)


def test_the_probe_images_do_not_depend_on_other_rows_or_the_folder(rows):
    ordered, probes = order_probes_first(rows, CLASSES, per_class=1)
    moved = rows.assign(path="elsewhere/" + rows["path"]).drop(index=rows.index[0])
    probe = ordered.head(probes)
    kept = probe[probe["path"] != rows["path"][0]]
    again, _ = order_probes_first(moved, CLASSES, per_class=1)
    assert set(kept["sha256"]) <= set(again.head(probes)["sha256"])


def test_each_class_has_the_same_number_of_probes_in_the_order_of_the_logits(rows):
    order = ["sad", "angry", "happy"]
    ordered, probes = order_probes_first(rows, order, per_class=3)
    assert list(ordered["label"][:probes]) == [name for name in order for _ in range(3)]


def test_a_class_without_images_is_left_out(rows):
    ordered, probes = order_probes_first(rows[rows["label"] != "happy"], CLASSES, per_class=1)
    assert list(ordered["label"][:probes]) == ["angry", "sad"]


def test_rows_without_a_class_of_the_model_are_an_error(rows):
    with user_error("bored", hint="dvc repro"):
        order_probes_first(rows, ["bored"], per_class=1)


@pytest.mark.parametrize("grayscale", [False, True])
def test_masks_are_aligned_with_their_images(rows, checkpoint, grayscale):
    preprocessing = dataclasses.replace(checkpoint.preprocessing, grayscale=grayscale)
    evidence = read_evidence(rows, preprocessing)
    images = crop_batch(cache_images(face_images(rows), preprocessing), preprocessing)
    bright = images.mean(dim=1).numpy() > 0.5
    assert bright.shape == evidence.shape == (12, SIZE, SIZE)
    assert (bright == evidence).mean() > 0.98
    assert 0.02 < evidence.mean() < 0.5


def test_region_masks_keep_their_values_and_others_get_the_layout_of_a_face(rows, checkpoint):
    for path in rows["evidence"]:
        mask = np.asarray(Image.open(path))
        Image.fromarray(np.where(mask > 0, LEVELS["mouth"], 0).astype(np.uint8)).save(path)
    masked = rows.head(3).assign(face_regions=[*rows["evidence"][:2], ""])
    regions = read_regions(masked, checkpoint.preprocessing)
    assert [set(np.unique(mask)) for mask in regions[:2]] == [{0, LEVELS["mouth"]}] * 2
    assert set(np.unique(regions[2])) == {0, *LEVELS.values()}
    eyes, mouth = (np.argwhere(regions[2] == LEVELS[part]) for part in ("eyes", "mouth"))
    assert eyes[:, 0].max() < mouth[:, 0].min()
    assert abs(eyes[:, 1].mean() - SIZE / 2) < 1


def test_a_mask_whose_values_name_no_region_is_refused(rows, checkpoint):
    with user_error("face_regions", 255, 160, "mouth", hint="PNG"):
        read_regions(rows.assign(face_regions=rows["evidence"]), checkpoint.preprocessing)


def test_photographs_have_no_evidence(rows, checkpoint):
    preprocessing = checkpoint.preprocessing
    assert not read_evidence(rows.drop(columns="evidence"), preprocessing).any()
    mixed = rows.assign(evidence=np.where(rows["label"] == "sad", "", rows["evidence"]))
    assert read_evidence(mixed, preprocessing).any(axis=(1, 2)).tolist() == [True, True, False] * 4


def test_units_are_numbers_in_any_usual_spelling(rows):
    cells = ["6 12 25", "6+12, 25", ""]
    assert read_units(pd.DataFrame({"evidence_units": cells})) == [[6, 12, 25], [6, 12, 25], []]
    assert read_units(rows) == [[]] * 12
    for cell, name in (("6 99", 99), ("AU12", "AU12"), ("-1", "-1")):
        with user_error("evidence_units", name):
            read_units(pd.DataFrame({"evidence_units": [cell]}))
