"""Every attribute value is listed, and those with enough rows are scored."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score

from emotion.core import files
from emotion.evaluation.predictions import SplitPredictions
from emotion.evaluation.slices import read_attributes, score_slices

SCORES = ["accuracy", "accuracy_low", "accuracy_high", "macro_f1", "macro_f1_low", "macro_f1_high"]
COUNTS = ["rows", "groups"]


def with_column(test, name, values):
    return SplitPredictions(test.rows.assign(**{name: values}), test.logits, test.class_names)


def slices_of(test, values, resamples=100):
    """The rows of one attribute with these values, in the order of the table."""
    table = score_slices(with_column(test, "attribute", values), resamples)
    return table[table["attribute"] == "attribute"].set_index("value")


def test_slices_are_scored_on_their_own_rows_in_natural_order(test):
    table = score_slices(test, resamples=100)
    assert table["attribute"].unique().tolist() == ["skin_tone"]
    assert table["value"].tolist() == ["2", "6", "10"]
    for row in table.itertuples():
        mask = (test.rows["skin_tone"] == row.value).to_numpy()
        labels, predicted = test.labels[mask], test.predicted[mask]
        f1 = f1_score(labels, predicted, average="macro")
        assert row.rows == mask.sum()
        assert row.groups == test.rows.loc[mask, "group"].nunique()
        assert row.accuracy == pytest.approx(accuracy_score(labels, predicted), abs=1e-6)
        assert row.macro_f1 == pytest.approx(f1, abs=1e-6)
        assert row.accuracy_low < row.accuracy < row.accuracy_high
        assert row.macro_f1_low < row.macro_f1 < row.macro_f1_high
        assert row.note == ""


def test_macro_f1_of_a_slice_ignores_classes_that_do_not_occur_in_it(test):
    happy = test.labels == 1
    table = slices_of(test, np.where(happy & test.correct, "all correct", "others"))
    assert table.loc["all correct", "macro_f1"] == 1


def test_the_interval_of_a_slice_resamples_its_groups(test):
    # Twelve groups of equal images: as many independent observations as groups, not as images.
    values = np.repeat(["a", "b"], 120)
    rows = test.rows.assign(attribute=values, group=np.repeat(np.arange(24), 10))
    correct = np.repeat(np.arange(24) % 2 == 0, 10)
    predicted = np.where(correct, test.labels, (test.labels + 1) % 4)
    equal = SplitPredictions(rows, np.eye(4)[predicted], test.class_names)
    table = score_slices(equal, 2000).set_index("value")
    width = table.loc["a", "accuracy_high"] - table.loc["a", "accuracy_low"]
    student = 2.201  # 97.5 % quantile with 11 degrees of freedom
    assert width == pytest.approx(2 * student * 0.5 / np.sqrt(11), rel=0.15)


def test_a_slice_with_too_few_rows_is_listed_with_its_counts_and_no_scores(test):
    table = slices_of(test, ["few"] * 19 + ["some"] * 20 + ["many"] * 201)
    assert table["rows"].to_dict() == {"few": 19, "many": 201, "some": 20}
    assert table.loc["few", SCORES].isna().all()
    assert " 20 " in table.loc["few", "note"]
    assert table.loc[["many", "some"], SCORES].notna().all(axis=None)
    assert table.loc["few", "groups"] == test.rows["group"].iloc[:19].nunique()


def test_rows_without_a_value_are_a_slice_listed_last(test):
    rows = slices_of(test, [""] * 40 + ["~"] * 100 + ["a"] * 100)["rows"]
    assert list(rows.items()) == [("a", 100), ("~", 100), ("(missing)", 40)]
    assert list(slices_of(test, "adult")["rows"].items()) == [("adult", 240)]


def test_a_slice_of_one_group_has_scores_and_no_interval(test):
    rows = test.rows.assign(group=np.where(np.arange(240) < 40, "one", test.rows["group"]))
    one = SplitPredictions(rows, test.logits, test.class_names)
    table = slices_of(one, ["a"] * 40 + ["b"] * 200)
    assert table.loc["a", "groups"] == 1
    assert "one group" in table.loc["a", "note"]
    assert table.loc["a", ["accuracy", "macro_f1"]].notna().all()
    assert table.loc["a", ["accuracy_low", "macro_f1_high"]].isna().all()


@pytest.mark.parametrize(
    ("column", "values"), [("synthetic", [True, False]), ("source", ["a", "b"])]
)
def test_source_and_synthetic_are_slices_if_two_values_occur(test, column, values):
    table = score_slices(with_column(test, column, values * 120), 100)
    found = table.loc[table["attribute"] == column, "value"].tolist()
    assert found == sorted(map(str, values))


@pytest.mark.parametrize(
    "names",
    [
        ["monk_02", "monk_2", "monk_9", "monk_10"],
        ["-10", "-2", "0.5", "2", "10"],
        ["0-9", "10-19", "100-109"],
        ["2", "10", "Monk 1", "monk"],
    ],
)
def test_values_are_in_natural_order(test, names):
    assert slices_of(test, np.resize(names[::-1], 240)).index.tolist() == names


def test_many_numbers_are_sliced_by_quartiles(test):
    ages = np.random.default_rng(0).integers(-5, 90, 240)
    table = slices_of(test, ages.astype(str))
    quartiles = pd.Series(ages).groupby(pd.qcut(ages, 4))
    expected = [
        f"{low} to {high}" for low, high in zip(quartiles.min(), quartiles.max(), strict=True)
    ]
    assert table.index.tolist() == expected
    assert table["rows"].tolist() == quartiles.size().tolist()


def test_quartiles_of_close_measurements_keep_different_names(test):
    table = slices_of(test, [f"{0.5 + i / 1e6:.6f}" for i in range(240)])
    assert table.index[0] == "0.5 to 0.500059"
    assert table["rows"].tolist() == [60] * 4
    assert slices_of(test, (np.arange(240) / 4).astype(str)).index[0] == "0 to 14.75"


@pytest.mark.parametrize(("most", "others"), [("0", 60), ("61", 60), ("61", 40)])
def test_equal_numbers_are_in_one_slice(test, most, others):
    values = [most] * (240 - others) + [str(i) for i in range(1, others + 1)]
    rows = slices_of(test, values)["rows"].to_dict()
    assert rows == {f"1 to {others}": others, most: 240 - others}


def test_twelve_numbers_are_not_binned(test):
    assert slices_of(test, np.resize(np.arange(12), 240).astype(str)).index[-1] == "11"


def test_an_attribute_of_many_names_is_one_row_with_their_number(test):
    names = [f"photographer {i % 60}" for i in range(230)] + [""] * 10
    table = slices_of(test, names)
    assert table.index.tolist() == ["(all)"]
    assert " 60 " in table.loc["(all)", "note"]
    assert table.loc["(all)", "rows"] == 230
    assert table.loc["(all)", SCORES].isna().all()


def test_every_row_is_in_one_slice_of_each_attribute(test):
    random = np.random.default_rng(1)
    columns = {
        "age": random.normal(40, 9, 240).astype(str),
        "beard": random.choice(["", "full", "none"], 240, p=[0.05, 0.05, 0.9]),
    }
    rows = test.rows.assign(**columns)
    table = score_slices(SplitPredictions(rows, test.logits, test.class_names), 100)
    assert table.groupby("attribute")["rows"].sum().unique().tolist() == [240]
    assert list(read_attributes(rows)) == ["skin_tone", "age", "beard"]


def test_slices_do_not_depend_on_the_order_of_the_rows(test):
    rows = test.rows.assign(age=np.random.default_rng(1).normal(40, 9, 240).astype(str))
    shuffle = np.random.default_rng(0).permutation(240)
    tables = [
        score_slices(SplitPredictions(rows.iloc[order], test.logits[order], test.class_names), 100)
        for order in (np.arange(240), shuffle)
    ]
    pd.testing.assert_frame_equal(*tables)


def test_no_attribute_gives_an_empty_table_that_can_be_read(tmp_path, test):
    plain = SplitPredictions(test.rows.drop(columns="skin_tone"), test.logits, test.class_names)
    files.write_csv(tmp_path / "slices.csv", score_slices(plain, 100))
    table = pd.read_csv(tmp_path / "slices.csv")
    assert table.empty
    assert list(table.columns) == ["attribute", "value", *COUNTS, *SCORES, "note"]
