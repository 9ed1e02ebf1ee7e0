"""`emotion compare` prints one result per revision, and its exit status is a gate."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from emotion.cli.compare import PREDICTIONS, main
from emotion.cli.main import main as emotion
from tests.evaluation.comparison.conftest import git, repo, template  # noqa: F401
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
        (["better", "--resamples", "300000000"], "300,000,000"),
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


@pytest.mark.parametrize("number", ["1_000", "-5", "0", "１２", "2e3", ""])
def test_a_number_of_resamples_is_plain_digits(capsys, number):
    with pytest.raises(SystemExit, match="2"):
        main(["main", "better", "--resamples", number])
    assert f"it is {number!r}" in capsys.readouterr().err


def test_another_split_is_read_on_request(capsys):
    with user_error("data/predictions/val.csv"):
        main(["workspace", "workspace", "--split", "val"])
    shutil.copy("data/predictions/test.csv", "data/predictions/val.csv")
    assert main(["workspace", "workspace", "--split", "val"]) == 0
    assert "180 val images" in capsys.readouterr().out


@pytest.fixture
def fresh(repo, tmp_path, monkeypatch):  # noqa: F811
    """The working directory: a clone at the branch `current`, without cache and remote."""
    git(tmp_path, "clone", "-q", "-b", "current", str(repo), "fresh")
    monkeypatch.chdir(tmp_path / "fresh")
    return tmp_path / "fresh"


def test_a_fresh_clone_compares_what_is_in_git(fresh, capsys):
    assert main(["origin/current-better", "workspace", "HEAD", "--fail-if-worse"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines[-2:]] == ["workspace is worse", "HEAD is worse"]
    assert not (fresh / "data/predictions").exists()
    assert git(fresh, "status", "--porcelain") == ""


def test_a_revision_of_before_the_table_was_in_git_is_read_from_the_cache(capsys):
    assert main(["main", "current", "better", "current-better"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-3] == "current: no difference: equal predictions for 180 test images"
    older, newer = (line.split(" is better: ")[1] for line in lines[-2:])
    assert older == newer


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(("change", "reason"), [("cut", "has no rows"), ("rm", "cannot be read")])
def test_the_cache_is_read_if_the_table_in_git_has_no_rows(repo, change, reason):  # noqa: F811
    in_git, in_cache = map(Path, PREDICTIONS["test"])
    header = in_git.read_text().splitlines()[0] + "\n"
    in_git.unlink()
    if change == "cut":
        in_git.write_text(header)
    with user_error(in_git, reason, in_cache, hint="dvc pull") as caught:
        main(["HEAD", "workspace"])
    assert "\n" not in str(caught.value)
    in_cache.parent.mkdir(parents=True)
    shutil.copy(repo / in_cache, in_cache)
    assert main(["HEAD", "workspace"]) == 0


@pytest.mark.usefixtures("fresh")
def test_an_older_revision_without_its_cache_names_both_tables_and_the_way_out():
    with user_error("'origin/main'", *PREDICTIONS["test"], hint="dvc remote add") as caught:
        main(["origin/main", "workspace"])
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("fresh")
def test_a_malformed_table_in_git_is_not_replaced_by_that_in_the_cache(repo):  # noqa: F811
    in_git, in_cache = map(Path, PREDICTIONS["test"])
    shutil.copytree(repo / in_cache.parent, in_cache.parent)
    in_git.write_text("")
    with user_error("'workspace'", file=in_git, hint="dvc repro evaluate"):
        main(["HEAD", "workspace"])


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
