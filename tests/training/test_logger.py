"""A Git repository that dvclive cannot use is reported."""

import subprocess

import pytest
from dvc.repo import Repo

from emotion.core.errors import UserError
from emotion.training.logger import open_live


def test_a_repository_without_a_commit_is_reported_with_the_fix(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "--quiet"], check=True)
    Repo.init(".")
    with pytest.raises(UserError, match="git commit"):
        open_live(tmp_path / "log")
