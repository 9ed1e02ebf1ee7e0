"""A committed pipeline is run again in a clone, and every output that differs is named."""

import subprocess
from pathlib import Path

import pytest
from dvc.repo import Repo

from benchmarks import bench_seeds
from emotion.cli.locks import ARITHMETIC, DIFFERENT, IDENTICAL, TIMES
from emotion.cli.seeds import RECORD
from emotion.cli.verify import is_same_kind, main
from emotion.core import files
from tests.user_errors import user_error

PIPELINE = """
stages:
  first:
    cmd: python -c "open('a.txt', 'w').write(open('raw/in.txt').read() + '1')"
    deps: [raw]
    outs: [a.txt]
  train:
    cmd: python train.py
    deps: [a.txt, train.py]
    params: [train.epochs]
    outs:
      - b.txt
      - timing.json: {labels: [timed]}
  evaluate:
    cmd: python evaluate.py
    deps: [b.txt, evaluate.py]
    params: [train.seed]
    outs:
      - metrics/evaluate.json: {cache: false}
      - metrics/machine.json: {cache: false, labels: [timed, machine]}
"""
# Another processor gives other bits; how often training ran is in a file that is no output.
TRAIN = """
import os, pathlib, random
cpu = os.environ["CPU"]
pathlib.Path("b.txt").write_text(pathlib.Path("a.txt").read_text() + cpu)
pathlib.Path("timing.json").write_text(str(random.random()))
with open(os.environ["LOG"], "a") as log: log.write("x")
"""
# The score depends on the processor, by a value that the test chooses, and on the seed.
EVALUATE = """
import json, os, pathlib, re
seed = int(re.search("seed: ([0-9]+)", pathlib.Path("params.yaml").read_text())[1])
f1 = float(os.environ.get("F1") or 0.6 + seed / 1000)
pathlib.Path("metrics").mkdir(exist_ok=True)
pathlib.Path("metrics/evaluate.json").write_text(json.dumps({"acc": 0.5, "f1": f1}))
pathlib.Path("metrics/machine.json").write_text(json.dumps({"processor": os.environ["CPU"]}))
"""
PARAMS = "train:\n  epochs: 1 # of training\n  seed: 42\n"
IGNORED = "/raw\n/a.txt\n/b.txt\n/timing.json\n"


def git(*arguments):
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], check=True)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A pipeline, run and committed; its data is neither in Git nor an output."""
    folder = tmp_path / "repository"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("CPU", "one")
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    git("init", "--quiet")
    with Repo.init() as repo:
        Path("raw").mkdir()
        Path("raw/in.txt").write_text("0")
        contents = {"train.py": TRAIN, "evaluate.py": EVALUATE, "params.yaml": PARAMS}
        contents |= {"dvc.yaml": PIPELINE, ".gitignore": IGNORED}
        for name, content in contents.items():
            Path(name).write_text(content)
        repo.reproduce()
    commit()
    return folder


@pytest.fixture
def another_machine(repository, monkeypatch):  # noqa: ARG001, the committed run is of the first
    """The processor is another one; call it to set the score there."""
    monkeypatch.setenv("CPU", "two")
    return lambda f1: monkeypatch.setenv("F1", str(f1))


def commit():
    git("add", "--all")
    git("commit", "--quiet", "--message", "run")


def results_in(table):
    rows = [line.split() for line in table.splitlines()]
    known = {IDENTICAL, TIMES, ARITHMETIC, DIFFERENT}
    return {row[1]: row[2] for row in rows if len(row) == 3 and row[2] in known}


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_the_last_commit_differs_in_its_times_alone_and_no_file_is_changed(capsys):
    Path("train.py").write_text("raise SystemExit(1)\n")  # not committed
    before = {path: path.read_bytes() for path in Path().rglob("*.txt")}
    assert main([]) == 0
    captured = capsys.readouterr()
    assert "uncommitted" in captured.err
    assert results_in(captured.out) == {
        "a.txt": IDENTICAL,
        "b.txt": IDENTICAL,
        "timing.json": TIMES,
        "metrics/evaluate.json": IDENTICAL,
        "metrics/machine.json": IDENTICAL,
    }
    assert "macro-F1" not in captured.out
    assert {path: path.read_bytes() for path in Path().rglob("*.txt")} == before


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_an_output_that_differs_is_named_and_is_the_exit_status(capsys):
    Path("train.py").write_text(TRAIN + "open('b.txt', 'a').write(str(random.random()))\n")
    with Repo() as repo:
        repo.reproduce()
    commit()
    assert main([]) == 1
    assert results_in(capsys.readouterr().out)["b.txt"] == DIFFERENT
    assert main(["--stage", "first"]) == 0
    assert results_in(capsys.readouterr().out) == {"a.txt": IDENTICAL}


@pytest.mark.slow
def test_on_another_machine_training_may_differ_and_what_comes_before_it_may_not(
    another_machine, capsys
):
    another_machine(0.7)
    assert main([]) == 0
    out = capsys.readouterr().out
    assert results_in(out) == {
        "a.txt": IDENTICAL,
        "b.txt": ARITHMETIC,
        "timing.json": TIMES,
        "metrics/evaluate.json": ARITHMETIC,
        "metrics/machine.json": TIMES,
    }
    assert "processor two" in out
    assert "processor one" in out
    assert "train, evaluate may differ" in out
    assert "all 1 outputs of first are those of dvc.lock" in out
    Path("raw/in.txt").write_text("7")  # as if the first stage gave something else there
    assert main([]) == 1
    results = results_in(capsys.readouterr().out)
    assert results["a.txt"] == DIFFERENT
    assert results["b.txt"] == ARITHMETIC


@pytest.mark.slow
def test_on_another_machine_the_score_must_be_one_that_another_seed_could_give(
    another_machine, monkeypatch, tmp_path, capsys
):
    """With the record of the benchmark itself: seeds 42, 0 and 1 score 0.642, 0.600 and 0.601."""
    monkeypatch.setenv("CPU", "one")
    monkeypatch.setattr(bench_seeds, "RESULTS", Path(RECORD))
    monkeypatch.setattr(bench_seeds, "SEEDS", (42, 0, 1))
    bench_seeds.main()
    assert "0.495 to 0.733" in capsys.readouterr().out  # 0.6143 +- 4.303 * 0.02397 * sqrt(4/3)
    assert (tmp_path / "log").read_text() == "x"  # training had the same inputs: it did not run
    record = files.read_json(Path(RECORD))
    assert record["params"] == {"train.epochs": 1}
    assert [run["seed"] for run in record["runs"]] == [42, 0, 1]
    assert record["runs"][1] == {"seed": 0, "f1": 0.6, "acc": 0.5}
    commit()

    monkeypatch.setenv("CPU", "two")
    for f1, status in ((0.73, 0), (0.74, 1)):
        another_machine(f1)
        assert main([]) == status
        [line] = [line for line in capsys.readouterr().out.splitlines() if "macro-F1" in line]
        assert f"{f1:.3f}" in line
        assert "0.642" in line
        assert "0.495 to 0.733" in line
        assert ("OUTSIDE" in line) == bool(status)


@pytest.mark.slow
def test_without_a_record_of_the_committed_params_the_interval_is_said_to_be_unknown(
    another_machine, capsys
):
    another_machine(0.1)
    runs = [{"seed": seed, "f1": 0.6, "acc": 0.5} for seed in range(5)]
    files.write_json(Path(RECORD), {"params": {"train.epochs": 2}, "runs": runs})
    commit()
    assert main([]) == 0
    assert "python -m benchmarks.bench_seeds" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.usefixtures("another_machine")
def test_no_score_is_compared_if_the_run_stops_before_there_is_one(capsys):
    assert main(["--stage", "train"]) == 0
    out = capsys.readouterr().out
    assert results_in(out)["b.txt"] == ARITHMETIC
    assert "macro-F1" not in out


def test_a_machine_of_which_anything_known_differs_is_another_kind():
    here = {"processor": "A", "cores": 2, "python": "3.11.7"}
    assert is_same_kind(here, here)
    assert is_same_kind(here, here | {"threads": 2})  # not known of this machine
    assert is_same_kind(here, {})  # nothing is known of the other: nothing is excused
    for other in ({"processor": "B"}, {"cores": 4}, {"python": "3.12.1"}):
        assert not is_same_kind(here, here | other)
    assert not is_same_kind(here | {"instructions": "AVX512"}, here | {"instructions": "AVX2"})


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_a_stage_that_fails_is_an_error():
    Path("train.py").write_text("raise SystemExit(3)\n")
    commit()
    with user_error("dvc repro"):
        main([])


@pytest.mark.usefixtures("repository")
def test_an_unknown_stage_is_an_error_that_lists_the_stages():
    with user_error("third", file="dvc.lock", key="--stage", hint="first, train, evaluate"):
        main(["--stage", "third"])


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("content", ["[", "3", None])
def test_if_nothing_is_known_of_the_committed_machine_nothing_is_excused(
    content, capsys, monkeypatch
):
    if content is not None:
        Path("metrics/machine.json").write_text(content)
    else:
        git("rm", "--quiet", "--cached", "metrics/machine.json")
        Path(".gitignore").write_text(IGNORED + "/metrics/machine.json\n")
    commit()
    monkeypatch.setenv("CPU", "two")
    assert main(["--stage", "train"]) == 1
    out = capsys.readouterr().out
    assert results_in(out)["b.txt"] == DIFFERENT
    assert "committed run:  unknown\n" in out


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


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_files_that_git_ignores_in_a_folder_of_the_repository_are_read_too(capsys):
    """As data/weights, of which Git has the README.md."""
    Path(".gitignore").write_text(IGNORED.replace("/raw", "/raw/*\n!/raw/README.md"))
    Path("raw/README.md").write_text("own files")
    with Repo() as repo:
        repo.reproduce()
    commit()
    assert "raw/in.txt" not in subprocess.check_output(["git", "ls-files"], text=True)
    assert main(["--stage", "first"]) == 0
    assert results_in(capsys.readouterr().out)["a.txt"] == IDENTICAL
