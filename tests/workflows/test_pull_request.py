"""A pull request gets one comment, from a job that runs nothing of it: pr-report.yml is run.

They run in order, in a clone with the branches of a pull request. GitHub is a bare repository and a
file of comments.
"""

import json
import shutil
import subprocess

import pytest

from tests.workflows.origin import clone, make_origin
from tests.workflows.runner import HUMAN, OTHER_BOT, RUN_URL, Runner, steps_to_run

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning:dvc")]
needs_jq = pytest.mark.skipif(not shutil.which("jq"), reason="the stand-in for gh needs jq")


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    return make_origin(tmp_path_factory.mktemp("github"))


@pytest.fixture
def runner(origin, tmp_path):
    return Runner(clone(origin, tmp_path / "checkout", "better"))


@needs_jq
def test_a_pull_request_gets_one_comment_that_is_updated(runner):
    runner.run(steps_to_run("report"))
    for name in ("curves", "confusion"):
        assert (runner.checkout / "pr_report" / f"{name}.png").is_file()
    assert "this branch is better: +" in runner.summary.read_text()
    runner.run(steps_to_run("comment"))
    assert runner.comments[:2] == [HUMAN, OTHER_BOT]
    (body,) = [comment["body"] for comment in runner.comments[2:]]
    assert "this branch is better: +" in body
    assert "| macro-F1 |" in body
    assert "| params.yaml | train.lr_head | 0.1 | 0.2 | 0.1 |" in body
    assert "| metrics/evaluate.json | accuracy | 0.5 | 0.9 | 0.4 |" in body
    assert ".png" not in body
    assert f"Images: the artifact `pr-report` of [this run]({RUN_URL})." in body

    report = runner.checkout / "pr_report" / "report.md"
    report.write_text(report.read_text() + "of a later commit\n")
    runner.run(steps_to_run("comment"))
    assert len(runner.comments) == 3
    assert "of a later commit" in runner.comments[2]["body"]


MARKER = "<!-- emotion-pr-report -->"


def write_report(runner, text):
    folder = runner.checkout / "pr_report"
    folder.mkdir(exist_ok=True)
    (folder / "report.md").write_text(text)
    return folder / "report.md"


@needs_jq
def test_what_the_report_says_is_not_run(runner):
    evil = "$(touch PWNED) `touch PWNED`\n';touch PWNED;'\n![x](y.png)\n@file"
    write_report(runner, f"{MARKER}\n{evil}\n")
    runner.run(steps_to_run("comment"))
    assert "$(touch PWNED)" in runner.comments[2]["body"]
    assert not list(runner.checkout.rglob("PWNED"))


@pytest.mark.parametrize(
    "text",
    ["", "another file\n", f" {MARKER}\n", f"{MARKER}x\n", f"{MARKER}\n" + "x" * 65_001],
    ids=["empty", "other", "space", "more", "long"],
)
def test_what_is_no_report_is_not_published(runner, text):
    write_report(runner, text)
    with pytest.raises(subprocess.CalledProcessError):
        runner.run(steps_to_run("comment"))
    assert json.loads(runner.github.read_text())["calls"] == []


def test_a_link_is_not_followed(runner, tmp_path):
    (tmp_path / "secret").write_text(f"{MARKER}\nsecret\n")
    report = write_report(runner, "")
    report.unlink()
    report.symlink_to(tmp_path / "secret")
    with pytest.raises(subprocess.CalledProcessError):
        runner.run(steps_to_run("comment"))
    assert json.loads(runner.github.read_text())["calls"] == []


@pytest.mark.parametrize("in_git", [True, False])
def test_predictions_are_fetched_only_if_git_does_not_hold_them(runner, in_git):
    table = runner.checkout / "metrics" / "predictions.csv"
    if not in_git:
        table.write_text(table.read_text().splitlines()[0] + "\n")
    runner.run(steps_to_run("report")[:1])
    assert (runner.checkout / "metrics/train/plots").is_dir()
    assert (runner.checkout / "data/predictions").exists() != in_git


def test_a_remote_that_cannot_be_used_leaves_a_report_to_be_written(runner, capfd):
    (runner.checkout / ".dvc" / "config.local").write_text("[core]\n    remote = unknown\n")
    runner.run(steps_to_run("report")[:1])
    assert "::warning::dvc pull failed" in capfd.readouterr().out
