"""Every mistake is listed once, in an order that depends on the predictions only."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix

from emotion.core import files
from emotion.evaluation.mistakes import list_mistakes, rank_confusions
from emotion.evaluation.predictions import SplitPredictions


def reordered(predictions, order):
    rows = predictions.rows.iloc[order]
    return SplitPredictions(rows, predictions.logits[order], predictions.class_names)


def small(labels, predicted, groups=None, margin=None):
    """Three classes; the margin is the logit of the predicted class, the others have 0."""
    names = ["a", "b", "c"]
    one_hot = np.array([[name == letter for name in names] for letter in predicted])
    logits = one_hot * np.array(margin or [2.0] * len(labels))[:, None]
    rows = pd.DataFrame(
        {
            "path": [f"{index}.png" for index in range(len(labels))],
            "label": list(labels),
            "group": groups or [str(index) for index in range(len(labels))],
        }
    )
    return SplitPredictions(rows, logits, names)


def test_all_mistakes_are_listed_with_their_probabilities(test):
    table = list_mistakes(test, temperature=1.7)
    assert len(table) == (test.labels != test.predicted).sum() > 20
    row_of = {path: index for index, path in enumerate(test.rows["path"])}
    for mistake in table.to_dict("records"):
        index = row_of[mistake["path"]]
        scores = np.exp(test.logits[index] / 1.7)
        probability = dict(zip(test.class_names, scores / scores.sum(), strict=True))
        assert mistake["label"] == test.rows["label"].iloc[index] != mistake["predicted"]
        assert mistake["predicted"] == max(probability, key=probability.get)
        assert mistake["confidence"] == pytest.approx(max(probability.values()), abs=1e-6)
        expected = probability[mistake["label"]]
        assert mistake["label_probability"] == pytest.approx(expected, abs=1e-6)
        assert mistake["group"] == test.rows["group"].iloc[index]


def test_the_most_confident_mistakes_come_first_and_equal_ones_by_path():
    split = small("aaaaa", "bbacb", margin=[1.0, 3.0, 9.0, 3.0, 2.0])
    assert list_mistakes(split, 1.0)["path"].tolist() == ["1.png", "3.png", "4.png", "0.png"]


def test_confusions_agree_with_scikit_learn(test):
    table = rank_confusions(test)
    names = list(test.class_names)
    counts = confusion_matrix(test.labels, test.predicted, labels=range(4))
    found = np.zeros_like(counts)
    for row in table.itertuples():
        cell = names.index(row.label), names.index(row.predicted)
        found[cell] = row.images
        assert row.share == pytest.approx(row.images / counts[cell[0]].sum(), abs=1e-6)
    np.fill_diagonal(counts, 0)
    np.testing.assert_array_equal(found, counts)


def test_confusions_are_ranked_by_images_then_by_share():
    split = small("aaaaaabbbccc", "bbcaaaacbabb")
    table = rank_confusions(split)
    ranked = list(table[["label", "predicted", "images"]].itertuples(index=False, name=None))
    assert ranked == [
        ("c", "b", 2),  # 2 of 3
        ("a", "b", 2),  # 2 of 6
        ("b", "a", 1),  # 1 of 3, as the next two
        ("b", "c", 1),
        ("c", "a", 1),
        ("a", "c", 1),  # 1 of 6
    ]


def test_groups_of_a_confusion_are_counted_once():
    split = small("aaaab", "bbbca", groups=["x", "x", "y", "x", "z"])
    table = rank_confusions(split).set_index(["label", "predicted"])
    assert table["groups"].to_dict() == {("a", "b"): 2, ("a", "c"): 1, ("b", "a"): 1}


def test_the_order_of_the_rows_has_no_effect(test):
    for seed in range(3):
        other = reordered(test, np.random.default_rng(seed).permutation(len(test.rows)))
        pd.testing.assert_frame_equal(list_mistakes(test, 1.3), list_mistakes(other, 1.3))
        pd.testing.assert_frame_equal(rank_confusions(test), rank_confusions(other))


def test_without_mistakes_the_tables_have_their_columns_only(tmp_path):
    split = small("abc", "abc")
    for name, table in (("list", list_mistakes(split, 1.0)), ("pairs", rank_confusions(split))):
        files.write_csv(tmp_path / f"{name}.csv", table)
    mistakes, pairs = (pd.read_csv(tmp_path / f"{name}.csv") for name in ("list", "pairs"))
    assert mistakes.empty
    assert pairs.empty
    columns = ["path", "label", "predicted", "confidence", "label_probability", "group"]
    assert list(mistakes.columns) == columns
    assert list(pairs.columns) == ["label", "predicted", "images", "share", "groups"]
