"""A committed pipeline is run again in a clone, and every output that differs is named."""

import subprocess
from pathlib import Path

import pytest
from dvc.repo import Repo

from emotion.cli.verify import DIFFERENT, IDENTICAL, TIMES, Output, compare_locks, main
from tests.user_errors import user_error

COPY = "python -c \"open('{to}', 'w').write(open('{of}').read() + '{more}')\""
PIPELINE = f"""
stages:
  first:
    cmd: {COPY.format(to="a.txt", of="raw/in.txt", more="1")}
    deps: [raw]
    outs: [a.txt]
  second:
    cmd: {COPY.format(to="b.txt", of="a.txt", more="2")} && python more.py
    deps: [a.txt, more.py]
    outs:
      - b.txt
      - metrics/timing.json: {{cache: false, labels: [timed]}}
"""
MORE = """
import os, pathlib, random
pathlib.Path("metrics").mkdir(exist_ok=True)
pathlib.Path("metrics/timing.json").write_text(str(random.random()))
"""


def git(*arguments):
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], check=True)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A pipeline of two stages, run and committed; its data is neither in Git nor an output."""
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet")
    with Repo.init() as repo:
        Path("raw").mkdir()
        Path("raw/in.txt").write_text("0")
        Path("more.py").write_text(MORE)
        Path("dvc.yaml").write_text(PIPELINE)
        Path(".gitignore").write_text("/raw\n/a.txt\n/b.txt\n")
        repo.reproduce()
    commit()
    return tmp_path


def commit():
    git("add", "--all")
    git("commit", "--quiet", "--message", "run")


def results_in(table):
    rows = [line.split() for line in table.splitlines()]
    return {row[1]: row[2] for row in rows if row[2:3] in ([IDENTICAL], [TIMES], [DIFFERENT])}


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_the_last_commit_differs_in_its_times_alone_and_no_file_is_changed(capsys):
    Path("more.py").write_text("raise SystemExit(1)\n")  # not committed
    before = {path: path.read_bytes() for path in Path().rglob("*.txt")}
    assert main([]) == 0
    captured = capsys.readouterr()
    assert "uncommitted" in captured.err
    assert results_in(captured.out) == {
        "a.txt": IDENTICAL,
        "b.txt": IDENTICAL,
        "metrics/timing.json": TIMES,
    }
    assert {path: path.read_bytes() for path in Path().rglob("*.txt")} == before


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_an_output_that_differs_is_named_and_is_the_exit_status(capsys):
    Path("more.py").write_text(MORE + "open('b.txt', 'a').write(str(random.random()))\n")
    with Repo() as repo:
        repo.reproduce()
    commit()
    assert main([]) == 1
    assert results_in(capsys.readouterr().out)["b.txt"] == DIFFERENT
    assert main(["--stage", "first"]) == 0
    assert results_in(capsys.readouterr().out) == {"a.txt": IDENTICAL}


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_a_stage_that_fails_is_an_error():
    Path("more.py").write_text("raise SystemExit(3)\n")
    commit()
    with user_error("dvc repro"):
        main([])


@pytest.mark.usefixtures("repository")
def test_an_unknown_stage_is_an_error_that_lists_the_stages():
    with user_error("third", file="dvc.lock", key="--stage", hint="first, second"):
        main(["--stage", "third"])


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("content", ['{"processor": "Some CPU"}', "[", "3", None])
def test_the_machine_of_the_committed_run_is_named_if_an_output_has_it(content, capsys):
    Path("dvc.yaml").write_text(PIPELINE.replace("[timed]", "[timed, machine]"))
    if content is not None:
        Path("metrics/timing.json").write_text(content)
    else:
        git("rm", "--quiet", "--cached", "metrics/timing.json")
        Path(".gitignore").write_text("/raw\n/a.txt\n/b.txt\n/metrics\n")
    commit()
    assert main([]) == 0
    expected = "processor Some CPU" if content and "CPU" in content else "unknown"
    assert f" {expected}\n" in capsys.readouterr().out


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("content", ["stages: [", "a: 1", ""])
def test_a_damaged_lock_is_an_error(content):
    Path("dvc.lock").write_text(content)
    commit()
    with user_error(file="dvc.lock", hint="dvc repro"):
        main([])


def test_without_a_repository_or_a_lock_the_error_has_the_way_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with user_error("git rev-parse", hint="clone"):
        main([])
    git("init", "--quiet")
    with user_error("git show HEAD:dvc.lock", hint="dvc repro"):
        main([])


def test_an_output_of_only_one_lock_differs():
    made = {"train": {"outs": [{"path": "new.txt", "md5": "1"}]}}
    expected = [Output("train", "new.txt", DIFFERENT)]
    assert list(compare_locks({"train": {}}, made, set())) == expected


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_files_that_git_ignores_in_a_folder_of_the_repository_are_read_too(capsys):
    """As data/weights, of which Git has the README.md."""
    Path(".gitignore").write_text("/raw/*\n!/raw/README.md\n/a.txt\n/b.txt\n")
    Path("raw/README.md").write_text("own files")
    with Repo() as repo:
        repo.reproduce()
    commit()
    assert "raw/in.txt" not in subprocess.check_output(["git", "ls-files"], text=True)
    assert main([]) == 0
    assert results_in(capsys.readouterr().out)["b.txt"] == IDENTICAL
