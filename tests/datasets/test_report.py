"""Metrics of the splits, and the printed summary."""

import pytest

from emotion.datasets.report import describe_report


def labeled(dataset):
    """Ten rows with a split: a subject and an image are in train and test, a file is missing."""
    for index in range(9):
        split = ("train", "val", "test")[index // 2 % 3]
        subject = "ann" if index in {0, 4} else ""
        seed = 1 if index in {1, 5} else None
        source = "web" if index == 2 else "lab"
        label = ("happy", "sad")[index % 2]
        dataset.add(f"{index}.png", label, seed, split=split, subject=subject, source=source)
    dataset.rows.append({"path": "missing.png", "label": "sad", "split": "val"})
    return dataset


def test_metrics_equal_counts_by_hand(dataset):
    report = labeled(dataset).prepare(max_rejected=0.2).report
    # train 0 1 6 7, val 2 3 8, test 4 5; 0 and 1 are dropped, because ann and image 1 are in test
    assert report.rows == {"total": 7, "train": 2, "val": 3, "test": 2, "rejected": 3}
    assert report.classes == {
        "happy": {"train": 1, "val": 2, "test": 1},
        "sad": {"train": 1, "val": 1, "test": 1},
    }
    assert report.subjects == {"train": 0, "val": 0, "test": 1}
    assert report.groups == {"train": 2, "val": 3, "test": 2, "largest": 1}
    assert report.duplicates == {"exact": 1, "near": 0, "conflicts": 0}
    assert report.leaks["train_test"] == {
        "rows": 2,
        "groups": 2,
        "subjects": 1,
        "images": 1,
        "second_rows": 2,
        "second_identical": 1,
        "second_near": 0,
        "second_linked": 2,
        "second_subject_rows": 1,
        "second_subjects": 1,
    }
    assert report.rejected == {"leaks across the given split": 2, "missing": 1}
    assert report.synthetic_fraction == 0.0
    assert report.sizes == {"0-47": 9, "48-95": 0, "96-191": 0, "192-383": 0, "384+": 0}
    assert report.modes == {"L": 9}
    assert report.source == {
        "lab": {"train": 2, "val": 2, "test": 2},
        "web": {"train": 0, "val": 1, "test": 0},
    }


def test_the_summary_warns_only_about_pairs_of_splits_with_leaks(dataset):
    lines = describe_report(labeled(dataset).prepare(max_rejected=0.2).report)
    leak = lines[lines.index("WARNING") :]
    for part in ("train and test: 2 groups", "2 train rows", "1 of 2 test rows", "1 of 1 people"):
        assert part in leak
    assert "val" not in leak


def test_leaks_are_counted_before_rows_with_conflicting_labels_are_dropped(dataset):
    for index in range(12):
        split = ("train", "val", "test")[index // 4]
        dataset.add(f"{index}.png", ("happy", "sad")[index % 2], split=split)
    dataset.add("again.png", "happy", seed=10**6 + 9, split="train")  # sad in test
    report = dataset.prepare().report
    assert report.duplicates["conflicts"] == 2
    assert report.rows["test"] == 3
    assert report.leaks["train_test"]["second_rows"] == 4
    assert report.leaks["train_test"]["second_identical"] == 1
    assert report.leaks["train_test"]["groups"] == 1


def test_the_summary_says_in_how_many_images_faces_were_found(dataset, detector):  # noqa: ARG001
    for index in range(40):
        dataset.add(f"{index}.png", ("happy", "sad")[index % 2], size=41 + index // 36)
    dataset.add("none.png", "sad", size=40)
    assert "face" not in describe_report(dataset.prepare().report)
    lines = describe_report(dataset.prepare(faces="box", several_faces="all").report).splitlines()
    [line] = [line for line in lines if line.startswith("faces found")]
    assert "in 40 of 41 images" in line
    assert "several in 4" in line
    assert "none in 1" in line


def test_a_dataset_without_a_split_has_no_leaks(balanced):
    assert balanced.prepare().report.leaks == {}


def test_the_summary_of_a_clean_dataset_has_no_warning_and_no_rejected_rows(balanced):
    lines = describe_report(balanced.prepare().report).splitlines()
    assert lines[0].startswith("60 images: train 42, val 10, test 8; subjects: unknown")
    assert "0 exact duplicates" in lines[1]
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("named", "words"),
    [
        (60, "subjects: train 42, val 10, test 8"),
        (59, "; unknown for 1 image, whose person may be in two splits"),
        (0, "; subjects: unknown, so the same person may be in two splits"),
    ],
)
def test_an_unknown_subject_is_not_counted_and_is_said(balanced, named, words):
    for index, row in enumerate(balanced.rows):
        row["subject"] = f"p{index}" if index < named else ""
    report = balanced.prepare().report
    assert sum(report.unknown_subjects.values()) == 60 - named
    assert sum(report.subjects.values()) == named
    assert describe_report(report).splitlines()[0].endswith(words)


@pytest.mark.parametrize("policy", ["drop_from_train", "report"])
def test_leaks_that_are_kept_are_not_called_kept_in_one_split(dataset, policy):
    """An image of train is also in test."""
    for index in range(12):
        split = ("train", "val", "test")[index // 4]
        seed = 5 if index in {0, 8} else None
        dataset.add(f"{index}.png", ("happy", "sad")[index % 2], seed, split=split)
    report = dataset.prepare(leak_policy=policy, max_rejected=0.2).report
    text, kept = describe_report(report), policy == "report"
    assert report.shared_groups == {"train": kept, "val": 0, "test": kept}
    assert ("each kept in one split" in text) != kept
    assert ("in two splits are kept: train 1, val 0, test 1" in text) == kept
    assert text.splitlines()[1].startswith("1 exact duplicate and 0 pairs of near-duplicates")
