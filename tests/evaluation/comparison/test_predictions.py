"""A CSV of predictions is read as text, and rejected with a hint if it cannot be compared."""

import pytest

from emotion.evaluation.comparison.predictions import parse_predictions
from tests.evaluation.comparison.simulated import CLASSES, changed, make_predictions, to_csv
from tests.user_errors import user_error

PATH = "predictions/test.csv"
GOOD = make_predictions(groups=2, images=2)


def test_rows_and_classes_are_read_in_their_order():
    predictions = parse_predictions(to_csv(GOOD), "main", PATH)
    assert predictions.revision == "main"
    assert predictions.class_names == CLASSES
    assert predictions.rows.to_dict("list") == GOOD.rows.to_dict("list")


def test_text_that_looks_like_a_number_or_a_missing_value_stays_text():
    names = changed(GOOD, group=["007", "7", "NA", "7.0"], path=["1", "2", "3", "null"])
    rows = parse_predictions(to_csv(names), "main", PATH).rows
    assert rows["group"].tolist() == ["007", "7", "NA", "7.0"]
    assert rows["path"].tolist() == ["1", "2", "3", "null"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", []),
        (to_csv(GOOD) + "a,b,c,d,e,f,g,h,i,j,k,l,m\n", ["10", "13"]),
        (to_csv(GOOD).splitlines()[0], []),
        (to_csv(GOOD).replace("sha256", "x").replace("group", "y"), ["sha256, group"]),
        (to_csv(changed(GOOD, sha256="")), ["4", "sha256"]),
        (to_csv(changed(GOOD, group=["a", "", "", "b"])), ["2", "group"]),
        (to_csv(changed(GOOD, confidence="high")), ["confidence", "0..1"]),
        (to_csv(changed(GOOD, confidence=1.2)), ["confidence", "0..1"]),
        (to_csv(changed(GOOD, predicted="bored")), ["bored", *CLASSES]),
        (to_csv(changed(GOOD, label="bored")), ["bored", *CLASSES]),
    ],
)
def test_values_that_cannot_be_predictions_are_an_error(text, names):
    with user_error("'v1'", *names, file=PATH, hint="dvc repro evaluate"):
        parse_predictions(text, "v1", PATH)
