"""`emotion compare` prints one result per revision, and its exit status is a gate."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from emotion.cli.compare import main
from emotion.cli.main import main as emotion
from tests.evaluation.comparison.conftest import repo, template  # noqa: F401
from tests.user_errors import user_error

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path.cwd())}


@pytest.fixture(autouse=True)
def inside(repo, monkeypatch):  # noqa: F811
    """The command runs in the repository."""
    monkeypatch.chdir(repo)


def test_two_branches_are_compared_in_a_table_and_a_sentence(capsys):
    assert main(["main", "better"]) == 0
    out, err = capsys.readouterr()
    assert "F1 of surprised" in out
    assert out.splitlines()[-1].startswith("better is better: +0.")
    assert err == ""


def test_markdown_and_json_say_the_same(capsys):
    main(["main", "my-exp", "better"])
    sentences = capsys.readouterr().out.splitlines()[-2:]
    assert main(["main", "my-exp", "better", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert [entry["sentence"] for entry in content["comparisons"]] == sentences
    assert main(["main", "my-exp", "better", "--md"]) == 0
    assert capsys.readouterr().out.startswith(f"**{sentences[0]}**")


@pytest.mark.parametrize(
    ("revisions", "status"),
    [
        (["main", "better"], 0),
        (["better", "main"], 1),
        (["main", "workspace"], 0),
        (["better", "main", "my-exp"], 1),
        (["better", "main", "better"], 1),
    ],
)
def test_the_gate_fails_only_if_a_revision_is_worse(revisions, status):
    assert main([*revisions, "--fail-if-worse"]) == status
    assert main(revisions) == 0


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["beter"], "'beter'"),
        (["a\x1b[31mb"], r"'a\x1b[31mb'"),
        (["better", "--resamples", "10"], "100 to 100,000"),
        (["better", "--resamples", "3000000000"], "3,000,000,000"),
    ],
)
def test_an_error_is_one_line_and_prints_no_table(capsys, arguments, name):
    assert emotion(["compare", "main", *arguments, "--fail-if-worse"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert name in err
    assert "\x1b" not in err
    assert err.count("\n") == 1


def test_another_split_is_read_on_request(capsys):
    with user_error("data/predictions/val.csv"):
        main(["workspace", "workspace", "--split", "val"])
    shutil.copy("data/predictions/test.csv", "data/predictions/val.csv")
    assert main(["workspace", "workspace", "--split", "val"]) == 0
    assert "180 val images" in capsys.readouterr().out


def test_one_revision_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["main"])
    assert caught.value.code == 2
    assert "usage: emotion compare" in capsys.readouterr().err


def test_help_waits_for_no_heavy_package():
    code = """
import sys
from emotion.cli.compare import main
try:
    main(["--help"])
except SystemExit:
    print(sorted({"dvc", "pandas", "scipy", "sklearn", "torch"} & set(sys.modules)))
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines()[-1] == "[]"
