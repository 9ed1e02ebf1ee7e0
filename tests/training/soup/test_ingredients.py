"""What cannot be averaged is refused before an image is read, all of it at once."""

import pytest

from emotion.core.errors import UserError
from emotion.training.soup.ingredients import check_members


@pytest.fixture
def first(make_member):
    return make_member("a")


def refusal(*members):
    with pytest.raises(UserError) as caught:
        check_members(members, members[0].checkpoint.data_hash)
    return str(caught.value)


def test_runs_that_differ_in_seed_and_recipe_are_accepted(first, make_member):
    others = [make_member("b", seed=1), make_member("c", seed=2, params={"epochs": 9})]
    check_members([first, *others], first.checkpoint.data_hash)


def test_all_that_do_not_fit_are_named_in_one_message(first, make_member):
    message = refusal(
        first,
        make_member("b", seed=1, data_hash="other"),
        make_member("c", seed=2, head="deep", class_names=["sad", "happy"]),
        make_member("d"),
    )
    assert "b was trained on other splits than data/splits/" in message
    assert "c has another head, class_names than a" in message
    assert "d has the same weights as a" in message


def test_a_first_run_of_other_splits_is_refused_too(first, make_member):
    with pytest.raises(UserError, match="a was trained on other splits"):
        check_members([first, make_member("b", seed=1)], "present")
