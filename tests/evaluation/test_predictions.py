"""The prediction tables hold exactly the numbers that the report is computed from."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from emotion.evaluation.predictions import (
    MOST_GIT_ROWS,
    SplitPredictions,
    check_rows,
    write_predictions,
    write_predictions_for_git,
)
from emotion.evaluation.report import score
from tests.conftest import make_calibration
from tests.evaluation.conftest import NAMES
from tests.user_errors import user_error


def test_table_has_one_row_per_image_and_one_logit_per_class(tmp_path, test):
    write_predictions(tmp_path / "test.csv", test, make_calibration(2.0))
    table = pd.read_csv(tmp_path / "test.csv")
    logits = table[[f"logit_{name}" for name in NAMES]].to_numpy()
    columns = ["path", "sha256", "group", "label", "predicted", "confidence"]
    assert list(table.columns) == [*columns, *(f"logit_{name}" for name in NAMES)]
    for column in ("path", "sha256", "group", "label"):
        assert table[column].tolist() == test.rows[column].tolist()
    assert table["predicted"].tolist() == [NAMES[i] for i in logits.argmax(axis=1)]
    expected = softmax(logits / 2.0, axis=1).max(axis=1)
    np.testing.assert_allclose(table["confidence"], expected, atol=1e-6)


def test_a_threshold_adds_which_images_are_uncertain(tmp_path, test):
    threshold = test.confidence(2.0)[0]  # an image at the threshold is accepted
    write_predictions(tmp_path / "test.csv", test, make_calibration(2.0, threshold=threshold))
    table = pd.read_csv(tmp_path / "test.csv")
    assert 0 < table["uncertain"].sum() < len(table)
    assert (table["uncertain"] == (table["confidence"] < threshold)).all()


def test_scores_can_be_recomputed_from_the_table(tmp_path, test):
    write_predictions(tmp_path / "test.csv", test, make_calibration(2.0))
    logits = pd.read_csv(tmp_path / "test.csv").filter(like="logit_").to_numpy()
    again = SplitPredictions(test.rows, logits, NAMES)
    assert score(again, 2.0) == score(test, 2.0)


@pytest.mark.parametrize("write", [write_predictions, write_predictions_for_git])
def test_the_last_digits_of_the_network_do_not_change_the_table(tmp_path, test, write):
    moved = SplitPredictions.from_network(test.rows, test.logits + 2e-6, NAMES)
    write(tmp_path / "a.csv", test, make_calibration(1.5))
    write(tmp_path / "b.csv", moved, make_calibration(1.5))
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_the_table_in_git_has_the_probabilities_of_the_rows_in_their_order(tmp_path, test):
    write_predictions_for_git(tmp_path / "test.csv", test, make_calibration(2.0))
    table = pd.read_csv(tmp_path / "test.csv")
    columns = [f"probability_{name}" for name in NAMES]
    assert list(table.columns) == ["sha256", "group", "label", "predicted", *columns]
    for column in ("sha256", "label"):
        assert table[column].tolist() == test.rows[column].tolist()
    assert table["predicted"].tolist() == [NAMES[i] for i in test.logits.argmax(axis=1)]
    expected = softmax(test.logits / 2.0, axis=1)
    np.testing.assert_allclose(table[columns], expected, rtol=0, atol=5.1e-5)
    assert (table[columns] == table[columns].round(4)).all(axis=None)


def test_the_table_in_git_numbers_the_groups_in_the_order_of_their_first_rows(tmp_path, test):
    write_predictions_for_git(tmp_path / "test.csv", test, make_calibration())
    number = {name: index for index, name in enumerate(dict.fromkeys(test.rows["group"]))}
    expected = [number[name] for name in test.rows["group"]]
    assert pd.read_csv(tmp_path / "test.csv")["group"].tolist() == expected


def test_the_table_in_git_names_no_person(tmp_path, test):
    person = "Ada Lovelace " + test.rows["subject"]
    names = {"path": person + ".png", "subject": person, "group": person, "evidence": person}
    named = SplitPredictions(test.rows.assign(**names), test.logits, NAMES)
    for name, predictions in (("a.csv", test), ("b.csv", named)):
        write_predictions_for_git(tmp_path / name, predictions, make_calibration())
    assert b"Ada" not in (tmp_path / "b.csv").read_bytes()
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


@pytest.mark.parametrize(("rows", "written"), [(MOST_GIT_ROWS, True), (MOST_GIT_ROWS + 1, False)])
def test_a_large_split_has_the_header_alone_in_git(tmp_path, test, rows, written):
    index = np.arange(rows) % len(test.rows)
    large = SplitPredictions(test.rows.iloc[index], test.logits[index], NAMES)
    write_predictions_for_git(tmp_path / "large.csv", large, make_calibration())
    write_predictions_for_git(tmp_path / "small.csv", test, make_calibration())
    header, *lines = (tmp_path / "large.csv").read_text().splitlines()
    assert header == (tmp_path / "small.csv").read_text().splitlines()[0]
    assert len(lines) == rows * written


def test_all_labels_unknown_to_the_model_are_named(test, tmp_path):
    rows = test.rows.assign(label=["disgust", "contempt"] * (len(test.rows) // 2))
    with user_error("contempt", "disgust", *NAMES, file="test.csv", hint="dvc repro train"):
        check_rows(rows, NAMES, tmp_path / "test.csv")
