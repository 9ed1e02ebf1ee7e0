"""What cannot be averaged is refused before an image is read, all of it at once."""

import pytest

from emotion.training.soup.ingredients import check_ingredients
from tests.user_errors import user_error


@pytest.fixture
def first(make_ingredient):
    return make_ingredient("first")


def test_runs_that_differ_in_seed_and_recipe_are_accepted(first, make_ingredient):
    others = [make_ingredient("b", seed=1), make_ingredient("c", seed=2, params={"epochs": 9})]
    check_ingredients([first, *others], first.checkpoint.data_hash)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"seed": 1, "data_hash": "other"}, ["data/splits/"]),
        ({"seed": 1, "head": "deep", "class_names": ["sad", "happy"]}, ["head, class_names"]),
        ({}, ["weights", "first"]),  # those of the first
    ],
    ids=["splits", "network", "weights"],
)
def test_all_that_do_not_fit_are_named_in_one_message(first, make_ingredient, changes, named):
    fitting = make_ingredient("fitting", seed=3)
    others = [make_ingredient(name, **changes) for name in ("second", "third")]
    with user_error("second", "third", *named) as caught:
        check_ingredients([first, fitting, *others], first.checkpoint.data_hash)
    assert "fitting" not in str(caught.value)


def test_a_first_run_of_other_splits_is_refused_too(first, make_ingredient):
    with user_error("first", "second", "data/splits/"):
        check_ingredients([first, make_ingredient("second", seed=1)], "present")
