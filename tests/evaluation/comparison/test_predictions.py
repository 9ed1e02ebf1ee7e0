"""A CSV that cannot be compared ends in one sentence with the cure."""

import pytest

from emotion.core.errors import UserError
from emotion.evaluation.comparison.predictions import parse_predictions
from tests.evaluation.comparison.simulated import CLASSES, changed, make_predictions, to_csv

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


def test_a_file_of_an_older_version_says_what_to_run():
    older = to_csv(GOOD).replace("sha256", "other").replace("group", "more")
    with pytest.raises(UserError, match=r"'v1' lacks the column\(s\) sha256, group, .*repro evalu"):
        parse_predictions(older, "v1", PATH)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a table"),
        (to_csv(GOOD) + "a,b,c,d,e,f,g,h,i,j,k,l,m\n", "is not a table"),
        (to_csv(GOOD).splitlines()[0], "has no rows"),
        (to_csv(changed(GOOD, sha256="")), "has 4 rows without sha256"),
        (to_csv(changed(GOOD, group=["a", "", "", "b"])), "has 2 rows without group"),
        (to_csv(changed(GOOD, confidence="high")), "a confidence that is not a number"),
        (to_csv(changed(GOOD, confidence=1.2)), "a confidence that is not a number in 0..1"),
        (to_csv(changed(GOOD, predicted="bored")), r"has the class\(es\) bored, but columns"),
        (to_csv(changed(GOOD, label="bored")), r"has the class\(es\) bored, but columns"),
    ],
)
def test_values_that_cannot_be_predictions_are_an_error(text, message):
    with pytest.raises(UserError, match=rf"^{PATH} of 'v1' .*{message}"):
        parse_predictions(text, "v1", PATH)
