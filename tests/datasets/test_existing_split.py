"""An existing split of the dataset is kept, and its leaks are handled by data.leak_policy."""

from tests.datasets.test_prepare import reasons, splits_per_group
from tests.user_errors import user_error


def add_existing_split(dataset, leaks=0):
    """40 train, 10 val, 20 test; the last `leaks` of train are equal to the first of test."""
    for index in range(70):
        split = "train" if index < 40 else "val" if index < 50 else "test"
        seed = index + 10 + leaks if 40 - leaks <= index < 40 else index
        dataset.add(f"{index:03d}.png", ("happy", "sad")[index % 2], seed=seed, split=split)
    return dataset


def test_an_existing_split_is_kept(dataset):
    prepared = add_existing_split(dataset).prepare()
    assert prepared.rows["split"].tolist() == [row["split"] for row in dataset.rows]
    assert [counts["groups"] for counts in prepared.report.leaks.values()] == [0, 0, 0]


def test_leaks_across_an_existing_split_are_dropped_from_train_not_from_test(dataset):
    prepared = add_existing_split(dataset, leaks=4).prepare()
    assert reasons(prepared) == {"leaks across the given split": 4}
    assert prepared.rows["split"].value_counts().to_dict() == {"train": 36, "test": 20, "val": 10}
    assert prepared.report.leaks["train_test"]["groups"] == 4
    assert (splits_per_group(prepared) == 1).all()


def test_the_leak_policy_report_keeps_leaks_and_fail_raises(dataset):
    add_existing_split(dataset, leaks=4)
    prepared = dataset.prepare(leak_policy="report")
    assert len(prepared.rows) == 70
    assert prepared.report.leaks["train_test"]["groups"] == 4
    with user_error("train and test", "4 groups", key="data.leak_policy", hint="report"):
        dataset.prepare(leak_policy="fail")


def test_the_policy_fail_counts_leaks_as_the_report_with_conflicting_rows(dataset):
    add_existing_split(dataset)
    dataset.add("again.png", "happy", seed=51, split="train")  # sad in test
    assert reasons(dataset.prepare()) == {"conflicting labels": 2}
    with user_error("train and test", "1 groups", key="data.leak_policy"):
        dataset.prepare(leak_policy="fail")


def test_synthetic_rows_of_an_existing_test_split_are_rejected(dataset):
    add_existing_split(dataset)
    dataset.add("made.png", "happy", split="test", synthetic="true")
    prepared = dataset.prepare()
    assert prepared.rejected["reason"].tolist() == ["synthetic or augmented, outside train"]
    assert prepared.rejected["path"].str.endswith("made.png").all()


def replace_val_by(dataset, image_of):
    """Give each image of val the pixels of another one."""
    for row in dataset.rows:
        if row["split"] == "val":
            other = dataset.root / image_of(int(row["path"][:3]))
            (dataset.root / row["path"]).write_bytes(other.read_bytes())


def test_a_split_of_which_every_row_leaks_is_named_with_its_cause(dataset):
    replace_val_by(add_existing_split(dataset), lambda index: f"{index + 10:03d}.png")
    with user_error("val", "10 leaks", hint="data.leak_policy"):
        dataset.prepare()


def test_a_split_that_is_lost_otherwise_is_not_silently_replaced(dataset):
    """Without val, a new one would be taken from train."""
    replace_val_by(add_existing_split(dataset), lambda _: "050.png")
    with user_error("val", "11 conflicting labels"):
        dataset.prepare()
