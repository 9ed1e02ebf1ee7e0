"""What the card says of groups, subjects and splits holds for the rows that it is about."""

import re
from dataclasses import replace
from itertools import combinations

import pytest

from emotion.data.manifest import SPLITS
from emotion.export.hub.model_card import render_card
from tests.datasets.conftest import NoiseImages
from tests.export.conftest import MIT
from tests.export.hub.conftest import INPUTS

IMAGES = 48  # two per person
PEOPLE = {
    "all": lambda person: f"p{person}",
    "some": lambda person: f"p{person}" if person % 3 else "",
    "none": lambda _: "",
}


def prepare(folder, people: str, split: str, policy: str):
    """A dataset in which, if it has splits, two images of a person and one image are in two."""
    images = NoiseImages(folder)
    for index in range(IMAGES):
        own = SPLITS[index // 2 % 3] if split == "own" else ""
        subject = PEOPLE[people](1 if index == 4 else index // 2)  # person 1 is otherwise in val
        seed = {0: 7, 16: 7}.get(index)  # happy, in train and test
        label = ("happy", "sad")[index // 6 % 2]
        images.add(f"{index}.png", label, seed, split=own, subject=subject)
    return images.prepare(leak_policy=policy)


def card_of(prepared) -> str:
    test = prepared.rows[prepared.rows["split"] == "test"]
    scores = replace(INPUTS.evaluation.test, rows=len(test), groups=test["group"].nunique())
    evaluation = replace(INPUTS.evaluation, test=scores)
    inputs = replace(INPUTS, splits=prepared.report, evaluation=evaluation)
    return " ".join(render_card(inputs, license=MIT, name="m").split())


@pytest.mark.parametrize("people", PEOPLE)
@pytest.mark.parametrize(
    ("split", "policy"),
    [("", "drop_from_train"), ("own", "drop_from_train"), ("own", "report")],
)
def test_the_card_says_of_groups_and_subjects_what_the_rows_say(tmp_path, people, split, policy):
    prepared = prepare(tmp_path / "data", people, split, policy)
    rows, card = prepared.rows, card_of(prepared)
    parts = {name: rows[rows["split"] == name] for name in SPLITS}
    test, unnamed = parts["test"], int((rows["subject"] == "").sum())

    assert f"over the {len(set(test['group']))} groups of the test images" in card
    assert ("all images of one subject" in card) == (test["subject"] != "").any()
    assert ("a group is one image with its near-duplicates" in card) == (people == "none")
    assert ("intervals are too narrow" in card) == (test["subject"] == "").any()

    said = re.search(r"does not say who is shown in (\d+) of (\d+) images", card)
    assert (said and [int(number) for number in said.groups()]) == (
        [unnamed, len(rows)] if unnamed else None
    )
    assert ("same person may be in two splits" in card) == bool(unnamed)

    common = [
        set(parts[one]["group"]) & set(parts[other]["group"])
        for one, other in combinations(SPLITS, 2)
    ]
    assert any(common) == (policy == "report")
    assert ("No group has images in two splits" in card) != any(common)
    said = re.search(r"\*\*(\d+) test images? and (\d+) validation images? are in a group", card)
    shared = set().union(*common)
    expected = [int(parts[name]["group"].isin(shared).sum()) for name in ("test", "val")]
    assert (said and [int(number) for number in said.groups()]) == (expected if shared else None)


def test_the_card_does_not_call_groups_people_when_no_subject_is_known(tmp_path):
    card = card_of(prepare(tmp_path / "data", "none", "own", "drop_from_train"))
    assert "| subjects: train, validation, test | unknown |" in card
    for words in ("over people", "people:", "0, 0, 0", "one subject"):
        assert words not in card


@pytest.mark.parametrize("people", ["all", "some"])
def test_subjects_are_counted_and_the_unknown_ones_are_said(tmp_path, people):
    prepared = prepare(tmp_path / "data", people, "", "drop_from_train")
    rows = prepared.rows
    named = [len(set(rows["subject"][rows["split"] == split]) - {""}) for split in SPLITS]
    unknown = int((rows["subject"] == "").sum())
    end = f"; unknown for {unknown} images |" if unknown else " |"
    assert f"validation, test | {', '.join(map(str, named))}{end}" in card_of(prepared)


@pytest.mark.parametrize(
    ("split", "words"),
    [("", "made by the pipeline"), ("own", "the dataset's own |")],
)
def test_the_origin_of_the_splits_is_said(tmp_path, split, words):
    card = card_of(prepare(tmp_path / "data", "none", split, "drop_from_train"))
    assert f"| origin of the splits | {words}" in card


def test_validation_that_was_taken_from_train_is_said():
    leaks = {"train_test": dict.fromkeys(("rows", "groups"), 0)}
    inputs = replace(INPUTS, splits=replace(INPUTS.splits, leaks=leaks))
    assert "validation was taken from train" in render_card(inputs, license=MIT, name="m")


def test_one_group_has_no_brackets_and_no_sentence_about_them():
    test = replace(INPUTS.evaluation.test, groups=1, accuracy_low=None, accuracy_high=None)
    inputs = replace(INPUTS, evaluation=replace(INPUTS.evaluation, test=test))
    card = render_card(inputs, license=MIT, name="m")
    assert "Brackets" not in card
    assert "no confidence intervals" in card


def test_datasets_that_no_training_image_is_from_are_not_called_the_same():
    source = {
        "a": {"train": 9, "val": 1, "test": 3},
        "b": {"train": 0, "val": 1, "test": 140},
    }
    inputs = replace(INPUTS, splits=replace(INPUTS.splits, source=source))
    card = render_card(inputs, license=MIT, name="m")
    assert "**3 of 143 test images come from the same datasets as the training images.**" in card


def test_temperature_1_has_no_calibration_error_before_and_after():
    fitted = "without it and"
    calibration = replace(INPUTS.calibration, temperature=1.0)
    cards = [
        render_card(inputs, license=MIT, name="m")
        for inputs in (INPUTS, replace(INPUTS, calibration=calibration))
    ]
    assert [fitted in card for card in cards] == [True, False]


def test_equal_lowest_recalls_are_all_named():
    scores = INPUTS.evaluation.per_class
    per_class = scores | {"happy": replace(scores["happy"], recall=scores["angry"].recall)}
    inputs = replace(INPUTS, evaluation=replace(INPUTS.evaluation, per_class=per_class))
    assert "recall is that of `angry`, `happy`**" in render_card(inputs, license=MIT, name="m")
