"""A small Git and DVC repository with predictions on two branches and in an experiment."""

import contextlib
import shutil
import subprocess

import pytest
from dvc.repo import Repo

from tests.evaluation.comparison.simulated import make_predictions, to_csv, to_git_csv

STAGE = """
stages:
  evaluate:
    cmd: mkdir -p data/predictions && cp source.csv data/predictions/test.csv
    deps: [source.csv]
    outs: [data/predictions]
"""
STAGE_WITH_GIT = """
stages:
  evaluate:
    cmd: >-
      mkdir -p data/predictions && cp source.csv data/predictions/test.csv &&
      mkdir -p metrics && cp git.csv metrics/predictions.csv
    deps: [source.csv, git.csv]
    outs:
      - data/predictions
      - metrics/predictions.csv:
          cache: false
"""
PATH = "data/predictions/test.csv"


def git(folder, *arguments):
    """Run Git in a folder; returns what it prints."""
    result = subprocess.run(
        ["git", "-C", folder, *arguments], capture_output=True, text=True, check=True
    )
    return result.stdout


def init(folder):
    """An empty Git repository whose first branch is main."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.name", "test")
    git(folder, "config", "user.email", "test@example.com")


def commit(folder):
    """Commit everything."""
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "change")


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """`main` (tagged v1) and `better` have predictions, as has the experiment `my-exp`.

    These are of an older version, whose only table is in the cache. `current` and `current-better`
    have the predictions of `main` and `better`, in Git too. `store`, in the same folder as the
    repository, holds the tables of the cache; no remote is configured.
    """
    root = tmp_path_factory.getbasetemp() / "compared" / "repo"
    if root.exists():  # another test module has its own copy of this fixture
        return root
    init(root)
    with contextlib.chdir(root):  # DVC would reproduce the pipeline of the working directory
        with Repo.init():
            (root / "dvc.yaml").write_text(STAGE)
        reproduce(root, make_predictions(model=1, skill=1.5))
        commit(root)
        git(root, "tag", "v1")
        git(root, "checkout", "-q", "-b", "better")
        reproduce(root, make_predictions(model=1, skill=3.0))
        commit(root)
        git(root, "checkout", "-q", "main")
        reproduce(root, make_predictions(model=2, skill=1.0))
        with Repo() as repo:
            repo.experiments.save(name="my-exp")
        git(root, "checkout", "-q", ".")
        for name, skill in (("current", 1.5), ("current-better", 3.0)):
            git(root, "checkout", "-q", "-b", name)
            predictions = make_predictions(model=1, skill=skill)
            (root / "dvc.yaml").write_text(STAGE_WITH_GIT)
            (root / "git.csv").write_text(to_git_csv(predictions), newline="\n")
            reproduce(root, predictions)
            commit(root)
        git(root, "checkout", "-q", "main")
        with Repo() as repo:
            repo.checkout(force=True)
    shutil.copytree(root / ".dvc" / "cache", root.parent / "store")
    return root


def reproduce(root, predictions):
    """Run the stage, which copies these predictions."""
    (root / "source.csv").write_text(to_csv(predictions), newline="\n")
    with Repo() as repo:
        assert repo.root_dir == str(root)
        repo.reproduce()


@pytest.fixture
def repo(template, tmp_path):
    """A copy of the repository, with `store` in the same folder."""
    shutil.copytree(template.parent, tmp_path / "copy", symlinks=True)
    return tmp_path / "copy" / "repo"
