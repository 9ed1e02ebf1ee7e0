"""A Git repository that dvclive cannot use is reported."""

import subprocess

from dvc.repo import Repo

from emotion.training.logger import RunLogger, open_live
from emotion.training.progress import HISTORY
from tests.training.conftest import QUICK
from tests.user_errors import user_error


def test_a_repository_without_a_commit_is_reported_with_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "--quiet"], check=True)
    Repo.init(".")
    with user_error(hint="git commit"):
        open_live(tmp_path / "log")


def test_after_a_resume_the_bar_counts_only_the_steps_of_this_run(tmp_path, monkeypatch):
    """Otherwise the rate is that of all steps since the start of this process."""
    monkeypatch.setenv("DVC_TEST", "true")
    monkeypatch.chdir(tmp_path)
    history = {name: [0.5, 0.5] for name in HISTORY}
    with RunLogger(tmp_path / "log", tmp_path / "t.json", QUICK, images_per_epoch=80) as logger:
        state = {"history": history, "seconds": [9.0, 9.0], "statistics": [], "run_id": ""}
        logger.restore(state)
        assert logger.bar.n == logger.bar.initial == 20
