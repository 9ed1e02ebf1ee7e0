"""An existing split of the corpus is kept, and its leaks are handled by data.leak_policy."""

import pytest

from emotion.core.errors import UserError
from tests.datasets.test_prepare import reasons, splits_per_group


def add_existing_split(corpus, leaks=0):
    """40 train, 10 val, 20 test; the last `leaks` of train are equal to the first of test."""
    for index in range(70):
        split = "train" if index < 40 else "val" if index < 50 else "test"
        seed = index + 10 + leaks if 40 - leaks <= index < 40 else index
        corpus.add(f"{index:03d}.png", ("happy", "sad")[index % 2], seed=seed, split=split)
    return corpus


def test_an_existing_split_is_kept(corpus):
    prepared = add_existing_split(corpus).prepare()
    assert prepared.rows["split"].tolist() == [row["split"] for row in corpus.rows]
    assert not any(counts["groups"] for counts in prepared.leaks.values())


def test_leaks_across_an_existing_split_are_dropped_from_train_and_never_from_test(corpus):
    prepared = add_existing_split(corpus, leaks=4).prepare()
    assert reasons(prepared) == {"leaks across the given split": 4}
    assert prepared.rows["split"].value_counts().to_dict() == {"train": 36, "test": 20, "val": 10}
    assert prepared.leaks[("train", "test")] == {
        "rows": 4,
        "groups": 4,
        "subjects": 0,
        "images": 4,
    }
    assert (splits_per_group(prepared) == 1).all()


def test_the_leak_policy_report_keeps_leaks_and_fail_raises(corpus):
    add_existing_split(corpus, leaks=4)
    prepared = corpus.prepare(leak_policy="report")
    assert len(prepared.rows) == 70
    assert prepared.leaks[("train", "test")]["groups"] == 4
    with pytest.raises(UserError, match=r"leaks between train and test \(4 groups\)"):
        corpus.prepare(leak_policy="fail")


def test_synthetic_rows_of_an_existing_test_split_are_rejected(corpus):
    add_existing_split(corpus)
    corpus.add("made.png", "happy", split="test", synthetic="true")
    prepared = corpus.prepare()
    assert prepared.rejected["reason"].tolist() == ["synthetic or augmented, outside train"]
    assert prepared.rejected["path"].str.endswith("made.png").all()


def replace_val_by(corpus, image_of):
    """Give each image of val the pixels of another one."""
    for row in corpus.rows:
        if row["split"] == "val":
            other = corpus.root / image_of(int(row["path"][:3]))
            (corpus.root / row["path"]).write_bytes(other.read_bytes())


def test_a_split_of_which_every_row_leaks_is_named_with_its_cause(corpus):
    replace_val_by(add_existing_split(corpus), lambda index: f"{index + 10:03d}.png")
    with pytest.raises(UserError, match=r"nothing is left of val: 10 leaks .*data\.leak_policy"):
        corpus.prepare()


def test_a_split_that_is_lost_otherwise_is_not_silently_replaced(corpus):
    """Without val, a new one would be taken from train."""
    replace_val_by(add_existing_split(corpus), lambda _: "050.png")
    with pytest.raises(UserError, match="nothing is left of val: 11 conflicting labels"):
        corpus.prepare()
