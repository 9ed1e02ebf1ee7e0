"""The selection is stable, and masks stay aligned with their images."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from emotion.core.errors import UserError
from emotion.data.face_regions import LEVELS
from emotion.explanation.images import choose_rows, load_images, parse_units
from tests.explanation.methods.conftest import CLASSES, SIZE


def load(rows, checkpoint, per_class=1, count=None):
    ordered, probes = choose_rows(rows, checkpoint.class_names, per_class)
    return load_images(ordered, probes, count or probes, checkpoint.preprocessing)


def test_the_order_does_not_depend_on_the_order_of_the_rows(rows):
    ordered, probes = choose_rows(rows, CLASSES, per_class=2)
    again, _ = choose_rows(rows.sample(frac=1, random_state=3), CLASSES, per_class=2)
    assert list(again["path"]) == list(ordered["path"])
    assert (len(ordered), probes) == (12, 6)


def test_the_probe_images_do_not_depend_on_other_rows_or_the_folder(rows):
    ordered, probes = choose_rows(rows, CLASSES, per_class=1)
    moved = rows.assign(path="elsewhere/" + rows["path"]).drop(index=rows.index[0])
    probe = ordered.head(probes)
    kept = probe[probe["path"] != rows["path"][0]]
    again, _ = choose_rows(moved, CLASSES, per_class=1)
    assert set(kept["sha256"]) <= set(again.head(probes)["sha256"])


def test_each_class_has_the_same_number_of_probes_in_the_order_of_the_logits(rows):
    order = ["sad", "angry", "happy"]
    ordered, probes = choose_rows(rows, order, per_class=3)
    assert list(ordered["label"][:probes]) == [name for name in order for _ in range(3)]


def test_a_class_without_images_is_left_out(rows):
    ordered, probes = choose_rows(rows[rows["label"] != "happy"], CLASSES, per_class=1)
    assert list(ordered["label"][:probes]) == ["angry", "sad"]


def test_rows_without_a_class_of_the_model_are_an_error(rows):
    with pytest.raises(UserError, match="no test row"):
        choose_rows(rows, ["bored"], per_class=1)


@pytest.mark.parametrize("grayscale", [False, True])
def test_masks_are_aligned_with_their_images(rows, checkpoint, grayscale):
    preprocessing = dataclasses.replace(checkpoint.preprocessing, grayscale=grayscale)
    checkpoint = dataclasses.replace(checkpoint, preprocessing=preprocessing)
    found = load(rows, checkpoint, per_class=2)
    assert (np.ptp(found.shown, axis=3) == 0).all() == grayscale
    bright = found.shown.mean(axis=3) > 0.5
    assert bright.shape == found.evidence.shape == (6, SIZE, SIZE)
    assert (bright == found.evidence).mean() > 0.98
    assert 0.02 < found.evidence.mean() < 0.5


def test_region_masks_keep_their_values_and_others_get_the_layout_of_a_face(rows, checkpoint):
    for path in rows["evidence"]:
        mask = np.asarray(Image.open(path))
        Image.fromarray(np.where(mask > 0, LEVELS["mouth"], 0).astype(np.uint8)).save(path)
    masked = rows.assign(face_regions=rows["evidence"])
    masked.loc[masked["label"] == "sad", "face_regions"] = ""
    found = load(masked, checkpoint)
    assert [set(np.unique(mask)) for mask in found.regions[:2]] == [{0, LEVELS["mouth"]}] * 2
    assert set(np.unique(found.regions[2])) == {0, *LEVELS.values()}
    eyes, mouth = (np.argwhere(found.regions[2] == LEVELS[part]) for part in ("eyes", "mouth"))
    assert eyes[:, 0].max() < mouth[:, 0].min()
    assert abs(eyes[:, 1].mean() - SIZE / 2) < 1


def test_a_mask_whose_values_name_no_region_is_refused(rows, checkpoint):
    with pytest.raises(
        UserError, match=r"face_regions have pixels of 1 unknown .*255.*160 \(mouth\)"
    ):
        load(rows.assign(face_regions=rows["evidence"]), checkpoint)


def test_images_are_normalized_for_the_model(rows, checkpoint):
    found = load(rows, checkpoint)
    preprocessing = checkpoint.preprocessing
    expected = (found.shown - np.array(preprocessing.mean)) / np.array(preprocessing.std)
    np.testing.assert_allclose(found.images.permute(0, 2, 3, 1), expected, atol=1e-5)


def test_photographs_have_no_evidence(rows, checkpoint):
    assert not load(rows.drop(columns="evidence"), checkpoint).has_evidence
    mixed = rows.assign(evidence=np.where(rows["label"] == "sad", "", rows["evidence"]))
    found = load(mixed, checkpoint)
    assert found.evidence.any(axis=(1, 2)).tolist() == [True, True, False]


def test_units_are_numbers_in_any_usual_spelling():
    assert parse_units("6 12 25") == parse_units("6+12, 25") == [6, 12, 25]
    assert parse_units("") == []
    for cell in ("6 99", "AU12", "-1"):
        with pytest.raises(UserError, match="evidence_units has"):
            parse_units(cell)
