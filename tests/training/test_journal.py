"""What a user sees of a run, and what dvclive needs before it starts."""

import subprocess

import pytest
from dvc.repo import Repo

from emotion.core.errors import UserError
from emotion.training.journal import open_live


def test_a_repository_without_a_commit_is_named_with_its_cure(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "--quiet"], check=True)
    Repo.init(".")
    with pytest.raises(UserError, match="git commit"):
        open_live(tmp_path / "log")
