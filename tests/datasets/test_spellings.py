"""However the cells of a table are spelled, its people, labels and splits are the same."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotion.data.identifiers import identifier_key
from emotion.datasets.groups import group_images
from emotion.datasets.params import DataParams
from emotion.datasets.reader import read_dataset
from emotion.datasets.splits import split_rows
from tests.data.test_identifiers import RESPELL
from tests.datasets.conftest import touch

IMAGES = 24
PEOPLE = ["7", "S010", "José", "Ann Lee", "120", "p-3"]
QUICK = settings(max_examples=10, deadline=None)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return touch(tmp_path_factory.mktemp("faces"), *(f"{number}.png" for number in range(IMAGES)))


def respelled(words):
    """Each of the words, changed up to twice."""
    changes = st.lists(st.sampled_from(RESPELL), max_size=2)

    def apply(word, changes):
        for change in changes:
            word = change(word)
        return word

    return st.tuples(*(st.builds(apply, st.just(word), changes) for word in words))


def write(root, **columns):
    rows = pd.DataFrame({"path": [f"{number}.png" for number in range(IMAGES)], **columns})
    rows.to_csv(root / "labels.csv", index=False)


@QUICK
@given(subjects=respelled([PEOPLE[number % len(PEOPLE)] for number in range(IMAGES)]))
def test_no_person_is_in_two_splits_however_spelled(root, subjects):
    write(root, label=["happy", "sad"] * (IMAGES // 2), subject=subjects)
    rows, _ = read_dataset(DataParams(root=str(root)))
    hashes = np.random.default_rng(0).bytes(32 * IMAGES)  # of different images
    pixels = [hashes[start : start + 32] for start in range(0, len(hashes), 32)]
    rows = rows.assign(sha256=[one.hex() for one in pixels], phash=pixels)
    rows = rows.assign(group=group_images(rows, bits=16).names)
    made = split_rows(rows, val_fraction=0.2, test_fraction=0.2, seed=1)
    assert len(made) == IMAGES
    assert set(made["split"]) == {"train", "val", "test"}
    people = made["subject"].map(identifier_key)
    assert set(people) == set(map(identifier_key, PEOPLE))
    assert made.groupby(people)["split"].nunique().max() == 1
    assert made["subject"].nunique() == len(PEOPLE)  # so that reports count people


WORDS = {"grin": "happy", "4": "sad", "Wütend": "angry", "no face": "blank"}
LABELS = [*WORDS, "Joy", "sadness", "anger", "blank"]
CLASSES = [*WORDS.values(), "happy", "sad", "angry", "blank"]


@QUICK
@given(
    labels=respelled(LABELS * 3),
    words=respelled(WORDS),
    classes=respelled(["angry", "blank", "happy", "sad"]),
    split=respelled(["train", "val", "test"] * 8),
)
def test_a_label_means_the_same_class_however_it_and_the_settings_are_spelled(
    root, labels, words, classes, split
):
    write(root, label=labels, split=split)
    names = dict(zip(words, WORDS.values(), strict=True))
    shown = [name for name in classes if name.strip().isprintable()]
    chosen = shown if len(shown) == len(classes) else []
    params = DataParams(root=str(root), labels=names, classes=chosen)
    rows, order = read_dataset(params)
    assert rows["label"].tolist() == CLASSES * 3
    assert rows["split"].tolist() == ["train", "val", "test"] * 8
    assert order == (["angry", "blank", "happy", "sad"] if chosen else [])
