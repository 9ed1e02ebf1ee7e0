"""A mistake of the user is one sentence that ends with what to do about it."""

import ast
import pickle
from pathlib import Path

import pytest

from emotion.core.errors import UserError


def test_the_message_names_the_file_the_problem_and_the_hint():
    error = UserError("has no rows", "add some", file=Path("faces/labels.csv"), key="data.root")
    assert str(error) == "faces/labels.csv has no rows; add some."
    assert (error.file, error.key, error.hint) == (
        Path("faces/labels.csv"),
        "data.root",
        "add some",
    )


def test_hidden_characters_do_not_reach_the_terminal():
    assert str(UserError("is \x1b[31mred", "rename it", file="a\r.png")).isprintable()


def test_an_error_of_a_worker_process_keeps_its_fields():
    error = UserError("is missing", "restore it", file="a.png", key="data.root")
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


@pytest.mark.parametrize(
    "path", sorted([*Path("emotion").rglob("*.py"), *Path("stages").glob("*.py")]), ids=str
)
def test_every_error_of_the_library_has_a_hint(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "UserError":
            hints = [*node.args[1:], *(word for word in node.keywords if word.arg == "hint")]
            assert hints, f"{path}:{node.lineno}"
