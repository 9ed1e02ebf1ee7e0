"""Planted wrong labels are found, with the thresholds of the paper and without side effects."""

import warnings

import numpy as np
import pandas as pd
import pytest
from cleanlab.filter import find_label_issues

from benchmarks.simulated_predictions import simulate
from emotion.core import files
from emotion.evaluation.label_noise import find_label_noise
from emotion.evaluation.predictions import SplitPredictions
from emotion.metrics.scores import softmax

COLUMNS = ["split", "path", "label", "suggested", "label_quality", "confidence"]
NAMES = ["angry", "fearful", "happy", "neutral", "sad", "surprised"]
USUAL = (0.16, 0.10, 0.22, 0.22, 0.16, 0.14)
RARE = (0.3, 0.3, 0.195, 0.2, 0.003, 0.002)


def make_split(labels, logits, split="val"):
    rows = pd.DataFrame(
        {
            "path": [f"{split}/{index:04d}.png" for index in range(len(labels))],
            "label": np.array(NAMES)[labels],
            "split": split,
        }
    )
    return SplitPredictions.from_network(rows, logits, NAMES)


def planted(seed, prior=USUAL, skill=3.0):
    """Splits with 10 % wrong labels, the paths of these, and the true classes.

    At a skill of 3 the network has an accuracy of about 0.9.
    """
    rng = np.random.default_rng(seed)
    splits, wrong, classes = [], set(), {}
    for name in ("val", "test"):
        true = simulate(rng, groups=30, images_per_group=10, skill=skill, classes_prior=prior)
        labels = true.labels.copy()
        changed = rng.choice(len(labels), len(labels) // 10, replace=False)
        labels[changed] = (labels[changed] + rng.integers(1, 6, len(changed))) % 6
        # The network has learned the prior.
        split = make_split(labels, true.logits + np.log(prior), name)
        wrong |= set(split.rows["path"].iloc[changed])
        classes |= dict(zip(split.rows["path"], np.array(NAMES)[true.labels], strict=True))
        splits.append(split)
    return splits, wrong, classes


def together(splits, temperature=1.0):
    logits = np.concatenate([split.logits for split in splits])
    return np.concatenate([split.labels for split in splits]), softmax(logits / temperature)


def confident_joint_by_hand(splits, temperature):
    """Paths off the diagonal of the confident joint, equations 1 and 2 of the paper, in loops."""
    labels, probabilities = together(splits, temperature)
    paths = [path for split in splits for path in split.rows["path"]]
    thresholds = {}
    for k in set(labels.tolist()):
        own = [p[k] for p, label in zip(probabilities, labels, strict=True) if label == k]
        thresholds[k] = sum(own) / len(own)
    found = set()
    for path, label, p in zip(paths, labels, probabilities, strict=True):
        confident = [k for k, threshold in thresholds.items() if p[k] >= threshold]
        if confident and max(confident, key=lambda k: p[k]) != label != p.argmax():
            found.add(path)
    return found


@pytest.mark.parametrize("seed", range(5))
def test_most_planted_labels_are_found_and_come_first(seed):
    splits, wrong, _ = planted(seed)
    table = find_label_noise(splits, temperature=1.0)
    hits = table["path"].isin(wrong)
    assert hits.sum() / len(wrong) > 0.5
    assert hits.mean() > 0.75
    assert hits.head(20).sum() >= 19
    assert len(wrong) == 60


def test_the_suggestion_is_the_true_class():
    splits, wrong, classes = planted(0, skill=6.0)
    table = find_label_noise(splits, temperature=1.0)
    found = table[table["path"].isin(wrong)]
    assert len(found) > 30
    assert found["suggested"].tolist() == [classes[path] for path in found["path"]]


def test_clean_labels_of_a_good_network_give_few_candidates():
    true = simulate(np.random.default_rng(0), groups=60, images_per_group=10, skill=6.0)
    assert len(find_label_noise([make_split(true.labels, true.logits)], 1.0)) <= 2


@pytest.mark.parametrize("temperature", [0.6, 1.0, 2.5])
def test_candidates_agree_with_a_plain_implementation(temperature):
    splits, _, _ = planted(1)
    expected = confident_joint_by_hand(splits, temperature)
    assert set(find_label_noise(splits, temperature)["path"]) == expected
    assert len(expected) > 20


def test_the_columns_are_facts_of_the_predictions():
    splits, _, _ = planted(2)
    table = find_label_noise(splits, temperature=1.5)
    assert list(table.columns) == COLUMNS
    assert (table["label_quality"].diff().dropna() >= 0).all()
    for row in table.itertuples():
        split = splits[row.split == "test"]
        index = split.rows["path"].tolist().index(row.path)
        p = softmax(split.logits / 1.5)[index]
        assert row.label == split.rows["label"].iloc[index] != row.suggested
        assert row.suggested == NAMES[p.argmax()]
        assert row.confidence == pytest.approx(p.max(), abs=1e-6)
        assert row.label_quality == pytest.approx(p[NAMES.index(row.label)], abs=1e-6)


def test_classes_with_few_labels_do_not_make_every_mistake_a_candidate():
    precisions = []
    for seed in range(10):
        splits, wrong, _ = planted(seed, RARE)
        labels, probabilities = together(splits)
        plain = find_label_issues(labels, probabilities, filter_by="confident_learning", n_jobs=1)
        table = find_label_noise(splits, temperature=1.0)
        assert len(table) <= plain.sum()
        precisions.append(table["path"].isin(wrong).mean())
    assert np.mean(precisions) > 0.9


def test_neither_the_order_of_the_rows_nor_that_of_the_splits_has_an_effect():
    splits, _, _ = planted(3)
    expected = find_label_noise(splits, 1.0)
    for seed in range(3):
        mixed = []
        for split in splits:
            order = np.random.default_rng(seed).permutation(len(split.rows))
            mixed.append(SplitPredictions(split.rows.iloc[order], split.logits[order], NAMES))
        pd.testing.assert_frame_equal(expected, find_label_noise(mixed[::-1], 1.0))


def test_images_with_the_same_logits_are_treated_alike_and_sorted_by_path():
    # The mean of 7 equal probabilities is rounded here to more than each of them.
    logits = np.tile([2.1, 0.3, 0.2, 0.0, 0.1, 0.4], (10, 1))
    split = make_split(np.array([0] * 7 + [1, 2, 1]), logits)
    for order in (np.arange(10), np.arange(10)[::-1]):
        mixed = SplitPredictions(split.rows.iloc[order], split.logits[order], NAMES)
        found = find_label_noise([mixed], 1.0)["path"].tolist()
        assert found == ["val/0008.png", "val/0007.png", "val/0009.png"]


def test_classes_without_labels_are_possible():
    splits, _, _ = planted(4)
    kept = [np.flatnonzero((split.labels != 0) & (split.labels != 5)) for split in splits]
    some = [
        SplitPredictions(split.rows.iloc[rows], split.logits[rows], NAMES)
        for split, rows in zip(splits, kept, strict=True)
    ]
    expected = confident_joint_by_hand(some, 1.0)
    table = find_label_noise(some, 1.0)
    assert set(table["path"]) <= expected
    assert len(table) > 5
    assert not set(table["suggested"]) & {"angry", "surprised"}


@pytest.mark.parametrize("labels", [[2], [2, 2, 2], [0, 1], [0, 1, 1], [0, 1, 2, 3, 4, 5]])
def test_few_rows_and_one_class_are_possible(tmp_path, labels):
    logits = np.eye(6)[np.array(labels)] * 5
    table = find_label_noise([make_split(np.array(labels), logits)], 1.0)
    files.write_csv(tmp_path / "noise.csv", table)
    read = pd.read_csv(tmp_path / "noise.csv")
    assert read.empty
    assert list(read.columns) == COLUMNS


def test_nothing_is_printed_and_no_process_is_started(capfd, monkeypatch):
    def fail(*_, **__):
        raise AssertionError("a process was started")

    monkeypatch.setattr("multiprocessing.Pool", fail)
    splits, _, _ = planted(5, RARE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        find_label_noise(splits, 1.0)
    assert capfd.readouterr() == ("", "")
