"""Two locks are compared output by output, and the order of stages is that of their files."""

import pytest

from emotion.cli.locks import (
    ARITHMETIC,
    DIFFERENT,
    IDENTICAL,
    TIMES,
    Output,
    compare_locks,
    machine_dependent,
    params_before,
    upstream,
)

# By name: what a stage reads and makes.
FILES = {
    "draw": ([], ["data/faces"]),
    "splits": (["data/faces/images"], ["data/splits"]),
    "weights": ([], ["models/pretrained"]),
    "sanity_checks": (["data/splits/train.csv", "models/pretrained"], ["plots/sanity.json"]),
    "train": (["data/splits/train.csv", "plots/sanity.json"], ["models/best.pth", "metrics/train"]),
    "explain": (["models"], ["plots/explain"]),
    "card": (["plots/explain/report.json"], ["models_hub"]),
}


@pytest.fixture
def lock():
    return {
        name: {"deps": [{"path": dep} for dep in deps], "outs": [{"path": out} for out in outs]}
        for name, (deps, outs) in FILES.items()
    }


def test_a_stage_comes_after_those_that_make_its_files_or_the_folders_around_them(lock):
    assert upstream(lock, "draw") == {"draw"}
    assert upstream(lock, "splits") == {"splits", "draw"}
    assert upstream(lock, "train") == {"train", "sanity_checks", "weights", "splits", "draw"}
    assert upstream(lock, "card") == set(FILES)


def test_what_does_not_come_after_a_network_is_the_same_on_every_machine(lock):
    assert set(FILES) - machine_dependent(lock) == {"draw", "splits", "weights"}


def test_the_params_of_a_stage_and_of_all_before_it_are_collected_by_their_full_names(lock):
    lock["draw"]["params"] = {"params.yaml": {"draw": {"size": 112}}}
    lock["splits"]["params"] = {"params.yaml": {"data.classes": [], "data.seed": None}}
    lock["train"]["params"] = {"params.yaml": {"train": {"seed": 1, "augment": {"erase": 0.5}}}}
    before = {"data.classes": [], "data.seed": None, "draw.size": 112}
    assert params_before(lock, "splits") == before
    assert params_before(lock, "train") == before | {"train.seed": 1, "train.augment.erase": 0.5}


def outputs(**hashes):
    return {"outs": [{"path": path, "md5": md5} for path, md5 in hashes.items()]}


def results(committed, made, **allowed):
    defaults = {"timed": set(), "inexact": set()}
    return list(compare_locks(committed, made, **defaults | allowed))


def test_times_are_excused_everywhere_and_arithmetic_only_in_the_stages_named():
    committed = {"first": outputs(a="1", t="1"), "train": outputs(b="1", c="1", u="1")}
    made = {"first": outputs(a="2", t="2"), "train": outputs(b="2", c="1", u="2")}
    assert results(committed, made, timed={"t", "u"}, inexact={"train"}) == [
        Output("first", "a", DIFFERENT),
        Output("first", "t", TIMES),
        Output("train", "b", ARITHMETIC),
        Output("train", "c", IDENTICAL),
        Output("train", "u", TIMES),
    ]


def test_an_output_of_only_one_lock_differs_whatever_may_be_excused():
    made = {"train": outputs(new="1")}
    expected = [Output("train", "new", DIFFERENT)]
    for committed in ({}, {"train": {}}):
        assert results(committed, made, timed={"new"}, inexact={"train"}) == expected
    assert results(made, {"train": {}}, inexact={"train"}) == expected
