"""The probe set is stable, and its masks stay aligned with the images."""

import dataclasses

import numpy as np
import pytest

from emotion.core.errors import UserError
from emotion.explainers.probe_set import choose_rows, load_probe_set
from tests.explainers.conftest import CLASSES, SIZE


def test_the_selection_does_not_depend_on_the_order_of_the_rows(rows):
    probe, background = choose_rows(rows, CLASSES, per_class=2)
    shuffled = rows.sample(frac=1, random_state=3)
    again, background_again = choose_rows(shuffled, CLASSES, per_class=2)
    assert list(again["path"]) == list(probe["path"])
    assert list(background_again["path"]) == list(background["path"])


def test_the_selection_does_not_depend_on_other_rows_or_the_folder(rows):
    probe, _ = choose_rows(rows, CLASSES, per_class=1)
    moved = rows.assign(path="elsewhere/" + rows["path"]).drop(index=rows.index[0])
    kept = probe[probe["path"] != rows["path"][0]]
    again, _ = choose_rows(moved, CLASSES, per_class=1)
    assert set(kept["sha256"]) <= set(again["sha256"])


def test_each_class_has_the_same_number_of_images_in_the_order_of_the_logits(rows):
    order = ["sad", "angry", "happy"]
    probe, _ = choose_rows(rows, order, per_class=3)
    assert list(probe["label"]) == [name for name in order for _ in range(3)]


def test_a_class_without_images_is_left_out(rows):
    probe, _ = choose_rows(rows[rows["label"] != "happy"], CLASSES, per_class=1)
    assert list(probe["label"]) == ["angry", "sad"]


def test_the_background_has_other_images_if_there_are_any(rows):
    probe, background = choose_rows(rows, CLASSES, per_class=3)
    assert len(background) == 3
    assert not set(background["path"]) & set(probe["path"])
    probe, background = choose_rows(rows, CLASSES, per_class=9)
    assert len(probe) == len(background) == 12


def test_rows_without_a_class_of_the_model_are_an_error(rows):
    with pytest.raises(UserError, match="no test row"):
        choose_rows(rows, ["bored"], per_class=1)


@pytest.mark.parametrize("grayscale", [False, True])
def test_masks_are_aligned_with_their_images(rows, checkpoint, grayscale):
    preprocessing = dataclasses.replace(checkpoint.preprocessing, grayscale=grayscale)
    checkpoint = dataclasses.replace(checkpoint, preprocessing=preprocessing)
    probe = load_probe_set(rows, checkpoint, per_class=2)
    assert (np.ptp(probe.shown, axis=3) == 0).all() == grayscale
    bright = probe.shown.mean(axis=3) > 0.5
    assert bright.shape == probe.evidence.shape == (6, SIZE, SIZE)
    assert (bright == probe.evidence).mean() > 0.98
    assert 0.02 < probe.evidence.mean() < 0.5


def test_images_are_normalized_for_the_model(rows, checkpoint):
    probe = load_probe_set(rows, checkpoint, per_class=1)
    preprocessing = checkpoint.preprocessing
    expected = (probe.shown - np.array(preprocessing.mean)) / np.array(preprocessing.std)
    np.testing.assert_allclose(probe.images.permute(0, 2, 3, 1), expected, atol=1e-5)


def test_photographs_have_no_evidence(rows, checkpoint):
    probe = load_probe_set(rows.drop(columns="evidence"), checkpoint, per_class=1)
    assert not probe.evidence.any()
    mixed = rows.assign(evidence=np.where(rows["label"] == "sad", "", rows["evidence"]))
    probe = load_probe_set(mixed, checkpoint, per_class=1)
    assert probe.evidence.any(axis=(1, 2)).tolist() == [True, True, False]
