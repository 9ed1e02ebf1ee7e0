"""The prediction tables hold exactly the numbers that the report is computed from."""

import numpy as np
import pandas as pd
from scipy.special import softmax

from emotion.evaluation.predictions import SplitPredictions, check_rows, write_predictions
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


def test_the_last_digits_of_the_network_do_not_change_the_table(tmp_path, test):
    moved = SplitPredictions.from_network(test.rows, test.logits + 2e-6, NAMES)
    write_predictions(tmp_path / "a.csv", test, make_calibration(1.5))
    write_predictions(tmp_path / "b.csv", moved, make_calibration(1.5))
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_all_labels_unknown_to_the_model_are_named(test, tmp_path):
    rows = test.rows.assign(label=["disgust", "contempt"] * (len(test.rows) // 2))
    with user_error("contempt", "disgust", *NAMES, file="test.csv", hint="dvc repro train"):
        check_rows(rows, NAMES, tmp_path / "test.csv")
