"""A corpus of which no row can be used is explained in one sentence: a common first mistake."""

import shutil

import pytest

from emotion.core.errors import UserError


def relabel(*labels):
    def change(corpus):
        for index, row in enumerate(corpus.rows):
            row["label"] = labels[index % len(labels)]

    return change


def move_images(corpus):
    shutil.move(corpus.root, corpus.root.with_name("elsewhere"))
    corpus.root.mkdir()


def point_outside(corpus):
    for row in corpus.rows:
        (corpus.root / row["path"]).rename(corpus.root.parent / row["path"])
        row["path"] = f"../{row['path']}"


def disagree(corpus):
    for row in corpus.rows:
        row |= {"label": "", "votes_happy": 3, "votes_sad": 3}


MISTAKES = {
    "numbers": (relabel("0", "1", "2"), r"60 unknown label: '0' \(20\).*data\.labels"),
    "another language": (relabel("glücklich", "悲しい"), r"unknown label: 'glücklich' \(30\)"),
    "blank": (relabel(""), r"60 unknown label: '' \(60\)"),
    "missing images": (move_images, r"60 missing \(000\.png \(looked for at "),
    "outside": (point_outside, r"60 outside data\.root.*set data\.allow_outside to true"),
    "no agreement": (disagree, r"no image of data\.root .* is left: 60 no majority.*data\.votes"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_mistake_and_its_cure_are_named(balanced, mistake):
    change, message = MISTAKES[mistake]
    change(balanced)
    with pytest.raises(UserError, match=message):
        balanced.prepare()
