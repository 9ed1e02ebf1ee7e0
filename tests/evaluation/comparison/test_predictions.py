"""Both kinds of tables are read as text, and rejected with a hint if they cannot be compared."""

import re

import pytest

from emotion.evaluation.comparison.predictions import parse_predictions
from tests.evaluation.comparison.simulated import (
    CLASSES,
    changed,
    make_predictions,
    to_csv,
    to_git_csv,
)
from tests.user_errors import user_error

PATH = "predictions/test.csv"
GOOD = make_predictions(groups=2, images=2)
IN_GIT = to_git_csv(GOOD)
TABLES = pytest.mark.parametrize("write", [to_csv, to_git_csv])


def first_row(*cells):
    """The table in Git with other last cells of the first row, the probabilities of 4 classes."""
    header, row, *rows = IN_GIT.splitlines()
    return "\n".join([header, ",".join([*row.split(",")[: -len(cells)], *cells]), *rows]) + "\n"


@TABLES
def test_rows_and_classes_are_read_in_their_order(write):
    predictions = parse_predictions(write(GOOD), "main", PATH)
    assert predictions.revision == "main"
    assert predictions.class_names == CLASSES
    assert predictions.rows.to_dict("list") == GOOD.rows.to_dict("list")


@TABLES
def test_windows_line_ends_change_nothing(write):
    text = write(GOOD).replace("\n", "\r\n")
    rows = parse_predictions(text, "main", PATH).rows
    assert rows.to_dict("list") == GOOD.rows.to_dict("list")


@TABLES
def test_text_that_looks_like_a_number_or_a_missing_value_stays_text(write):
    names = changed(GOOD, group=["007", "7", "NA", "7.0"])
    rows = parse_predictions(write(names), "main", PATH).rows
    assert rows["group"].tolist() == ["007", "7", "NA", "7.0"]


def test_the_confidence_of_the_cache_is_rounded_as_in_git():
    rows = parse_predictions(to_csv(changed(GOOD, confidence=0.833349)), "main", PATH).rows
    assert set(rows["confidence"]) == {0.8333}


@TABLES
@pytest.mark.parametrize(
    ("change", "names"),
    [
        (lambda text: text[:0], []),
        (lambda text: text.replace("sha256", "sha256\x00"), ["sha256"]),
        (lambda text: text + "a,b,c,d,e,f,g,h,i,j,k,l,m\n", ["13"]),
        (lambda text: re.sub(r"(?m)^(?!sha256)", "extra,", text), []),
        (lambda text: text + 'a,"b\n', []),
        (lambda text: text + "a,b\n", ["1", "label"]),
        (lambda text: text.splitlines()[0], []),
        (lambda text: text.replace("sha256", "x").replace("group", "y"), ["sha256, group"]),
        (lambda text: text.replace("predicted", "label"), ["predicted"]),
        (lambda text: text.replace("_happy", "_sad"), ["twice"]),
        (lambda text: "\n".join(f"{line},label" for line in text.splitlines()), ["label", "twice"]),
        (lambda text: re.sub(r"(logit|probability)_\w+", "x", text), []),
        (lambda text: re.sub(r"(logit|probability)_happy", r"\1_", text), ["''"]),
        (lambda text: re.sub(r"(logit|probability)_happy", r"\1_=1+1", text), ["'=1+1'"]),
    ],
)
def test_what_is_no_table_of_predictions_is_one_sentence(write, change, names):
    with user_error("'v1'", *names, file=PATH, hint="dvc repro evaluate") as caught:
        parse_predictions(change(write(GOOD)), "v1", PATH)
    assert "\n" not in str(caught.value)


@TABLES
@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ({"sha256": ""}, ["4", "sha256"]),
        ({"group": ["a", "", "", "b"]}, ["2", "group"]),
        ({"label": "bored"}, ["bored", *CLASSES]),
        ({"predicted": "bored"}, ["bored", *CLASSES]),
    ],
)
def test_values_that_cannot_be_predictions_are_an_error(write, columns, names):
    with user_error("'v1'", *names, file=PATH, hint="dvc repro evaluate"):
        parse_predictions(write(changed(GOOD, **columns)), "v1", PATH)


def test_an_image_that_is_listed_twice_is_an_error_and_not_two_images():
    lines = to_csv(GOOD).splitlines()
    path = lines[1].split(",")[lines[0].split(",").index("path")]
    with user_error("'v1'", path, "more than once", file=PATH, hint="dvc repro evaluate"):
        parse_predictions("\n".join([*lines, lines[1]]), "v1", PATH)


@pytest.mark.parametrize("cell", ["", "nan", "inf", "-0.1", "1.1", "high"])
def test_a_probability_that_is_none_is_an_error_of_its_column(cell):
    in_cache = to_csv(changed(GOOD, confidence=cell))
    in_git = first_row("0.1", "0.1", "0.1", cell)
    for text, column in ((in_cache, "confidence"), (in_git, "probability_surprised")):
        with user_error("'v1'", column, "0..1", file=PATH, hint="dvc repro evaluate"):
            parse_predictions(text, "v1", PATH)


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        (("0.2", "0.2", "0.2", "0.4003"), "do not sum to 1"),
        (("0", "0", "0", "0"), "do not sum to 1"),
        (("0.1", "0.4001", "0.1", "0.3999"), "is not the most probable"),
    ],
)
def test_probabilities_of_a_row_that_contradict_each_other_are_an_error(cells, problem):
    with user_error("'v1'", "1 row(s)", problem, file=PATH, hint="dvc repro evaluate"):
        parse_predictions(first_row(*cells), "v1", PATH)


def test_equal_probabilities_leave_the_predicted_class_as_it_is():
    header = "sha256,group,label,predicted,probability_angry,probability_happy,probability_sad\n"
    for predicted in ("angry", "happy", "sad"):
        text = f"{header}a,0,sad,{predicted},0.3333,0.3333,0.3333\n"
        rows = parse_predictions(text, "v1", PATH).rows
        assert rows[["predicted", "confidence"]].values.tolist() == [[predicted, 0.3333]]
