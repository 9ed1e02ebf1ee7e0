"""The numbers of the splits, and the lines a user reads."""

from emotion.preparation.report import compute_report, describe_report


def labeled(corpus):
    """Nine images with a split: a person and a look in train and test, one small image."""
    for index in range(9):
        split = ("train", "val", "test")[index // 2 % 3]
        subject = "ann" if index in {0, 4} else ""
        look = 1 if index in {1, 5} else None
        source = "web" if index == 2 else "lab"
        label = ("happy", "sad")[index % 2]
        corpus.add(f"{index}.png", label, look, split=split, subject=subject, source=source)
    corpus.rows.append({"path": "gone.png", "label": "sad", "split": "val"})
    return corpus


def test_numbers_are_the_hand_counted_ones(corpus):
    numbers = compute_report(labeled(corpus).prepare(max_rejected=0.2))
    # train 0 1 6 7, val 2 3 8, test 4 5; 0 and 1 leave train, for ann and the look are in test
    assert numbers["rows"] == {"total": 7, "train": 2, "val": 3, "test": 2, "rejected": 3}
    assert numbers["classes"] == {
        "happy": {"train": 1, "val": 2, "test": 1},
        "sad": {"train": 1, "val": 1, "test": 1},
    }
    assert numbers["subjects"] == {"train": 0, "val": 0, "test": 1}
    assert numbers["groups"] == {"train": 2, "val": 3, "test": 2, "largest": 1}
    assert numbers["duplicates"] == {"exact": 1, "near": 0, "conflicts": 0}
    assert numbers["leaks"]["train_test"] == {"rows": 2, "groups": 2, "subjects": 1, "images": 1}
    assert numbers["rejected"] == {"leaks across the given split": 2, "missing": 1}
    assert numbers["synthetic_fraction"] == 0.0
    assert numbers["sizes"] == {"0-47": 9, "48-95": 0, "96-191": 0, "192-383": 0, "384+": 0}
    assert numbers["modes"] == {"L": 9}
    assert numbers["source"] == {
        "lab": {"train": 2, "val": 2, "test": 2},
        "web": {"train": 0, "val": 1, "test": 0},
    }


def test_the_headline_counts_and_warns_of_leaks_and_only_of_leaks(corpus):
    lines = describe_report(compute_report(labeled(corpus).prepare(max_rejected=0.2)))
    assert "WARNING: the corpus's own split leaks between train and test: 2 groups" in lines
    assert "between val" not in lines


def test_a_clean_corpus_gives_no_warning_and_no_line_of_rejected(balanced):
    lines = describe_report(compute_report(balanced.prepare())).splitlines()
    assert lines[0] == "60 images: train 42, val 10, test 8"
    assert lines[1].startswith("0 exact and 0 near duplicates")
    assert len(lines) == 2
