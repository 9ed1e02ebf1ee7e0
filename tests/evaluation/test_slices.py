"""Every attribute value with enough rows is scored separately."""

import pandas as pd
import pytest
from sklearn.metrics import accuracy_score

from emotion.core import files
from emotion.evaluation.predictions import Predictions
from emotion.evaluation.slices import score_slices


def with_column(test, name, values):
    return Predictions(test.rows.assign(**{name: values}), test.logits, test.class_names)


def test_slices_are_scored_on_their_own_rows_in_natural_order(test):
    table = score_slices(test, resamples=100)
    assert table["attribute"].unique().tolist() == ["skin_tone"]
    assert table["value"].tolist() == ["2", "6", "10"]
    for row in table.itertuples():
        mask = (test.rows["skin_tone"] == row.value).to_numpy()
        accuracy = accuracy_score(test.labels[mask], test.predicted[mask])
        assert row.rows == mask.sum()
        assert row.accuracy == pytest.approx(accuracy, abs=1e-6)
        assert row.low < row.accuracy < row.high


def test_paths_of_evidence_are_not_slices(test):
    assert "evidence" not in score_slices(test, 100)["attribute"].tolist()


def test_a_slice_with_too_few_rows_is_left_out(test):
    values = ["few"] * 19 + ["some"] * 100 + ["many"] * 100 + [""] * 21
    table = score_slices(with_column(test, "age", values), 100)
    assert table.loc[table["attribute"] == "age", "value"].tolist() == ["many", "some"]


def test_synthetic_is_a_slice_if_both_values_occur(test):
    table = score_slices(with_column(test, "synthetic", [True, False] * 120), 100)
    assert table.loc[table["attribute"] == "synthetic", "value"].tolist() == ["False", "True"]


def test_no_attribute_gives_an_empty_table_that_can_be_read(tmp_path, test):
    plain = Predictions(test.rows.drop(columns="skin_tone"), test.logits, test.class_names)
    files.write_csv(tmp_path / "slices.csv", score_slices(plain, 100))
    table = pd.read_csv(tmp_path / "slices.csv")
    assert table.empty
    assert list(table.columns) == ["attribute", "value", "rows", "accuracy", "low", "high"]
