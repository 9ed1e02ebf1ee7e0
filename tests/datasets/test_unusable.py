"""A dataset without a usable row is explained in one message: a common first mistake."""

import shutil

import pytest

from tests.user_errors import user_error


def relabel(*labels):
    def change(dataset):
        for index, row in enumerate(dataset.rows):
            row["label"] = labels[index % len(labels)]

    return change


def move_images(dataset):
    shutil.move(dataset.root, dataset.root.with_name("elsewhere"))
    dataset.root.mkdir()


def point_outside(dataset):
    for row in dataset.rows:
        (dataset.root / row["path"]).rename(dataset.root.parent / row["path"])
        row["path"] = f"../{row['path']}"


def disagree(dataset):
    for row in dataset.rows:
        row |= {"label": "", "votes_happy": 3, "votes_sad": 3}


MISTAKES = {
    "numbers": (relabel("0", "1", "2"), ["60 unknown label", "'0' (20)"], "data.labels"),
    "another language": (relabel("glücklich", "悲しい"), ["'glücklich' (30)"], "data.labels"),
    "blank": (relabel(""), ["60 unknown label", "'' (60)"], "data.labels"),
    "missing images": (move_images, ["60 missing", "000.png"], ""),
    "outside": (point_outside, ["60 outside data.root"], "data.allow_outside to true"),
    "no agreement": (disagree, ["60 no majority"], "data.votes"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_mistake_is_named_with_a_hint(balanced, mistake):
    change, names, hint = MISTAKES[mistake]
    change(balanced)
    with user_error(*names, hint=hint):
        balanced.prepare()
