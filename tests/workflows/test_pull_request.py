"""A pull request gets one comment, and the images of it: the steps of pr-report.yml are run.

They run in order, in a clone with the branches of a pull request. GitHub is a bare repository and a
file of comments.
"""

import json
import shutil

import pytest

from tests.workflows.origin import clone, git, make_origin
from tests.workflows.runner import HUMAN, IMAGES, OTHER_BOT, Runner, steps_to_run

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning:dvc")]
needs_jq = pytest.mark.skipif(not shutil.which("jq"), reason="the stand-in for gh needs jq")


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    return make_origin(tmp_path_factory.mktemp("github"))


@pytest.fixture
def runner(origin, tmp_path):
    git(origin, "update-ref", "-d", "refs/heads/pr-report-images")
    return Runner(clone(origin, tmp_path / "checkout", "better"))


def images_on_branch(origin):
    listing = git(origin, "ls-tree", "-r", "--name-only", "pr-report-images")
    return listing.splitlines()


@needs_jq
def test_a_pull_request_gets_one_comment_that_is_updated(runner, origin):
    fetch, write, comment = steps_to_run()
    runner.run([fetch, write, comment])
    assert runner.comments[:2] == [HUMAN, OTHER_BOT]
    (body,) = [comment["body"] for comment in runner.comments[2:]]
    assert "this branch is better: +" in body
    assert "| macro-F1 |" in body
    assert "| params.yaml | train.lr_head | 0.1    | 0.2         |" in body
    assert "| metrics/evaluate.json | accuracy | 0.5    | 0.9" in body
    url = f"https://github.com/team/emotion/raw/pr-report-images/{IMAGES}"
    assert f"![Learning curves]({url}/curves.png)" in body
    assert f"![Confusion matrices]({url}/confusion.png)" in body
    assert images_on_branch(origin) == [f"{IMAGES}/confusion.png", f"{IMAGES}/curves.png"]

    report = runner.checkout / "pr_report" / "report.md"
    report.write_text(report.read_text() + "of a later commit\n")
    runner.run([comment])
    assert len(runner.comments) == 3
    assert runner.comments[2]["body"] == body + "of a later commit\n"


@pytest.fixture
def written(runner):
    """A runner after the step that writes the report."""
    folder = runner.checkout / "pr_report"
    folder.mkdir()
    (folder / "report.md").write_text("<!-- emotion-pr-report -->\n\n![Curves](curves.png)\n")
    (folder / "curves.png").write_bytes(b"curves")
    return runner


def test_a_pull_request_of_a_fork_gets_a_summary_and_touches_nothing(written, origin):
    before = git(origin, "for-each-ref")
    written.run(steps_to_run()[-1:], fork="true")
    summary = written.summary.read_text()
    assert summary.startswith("<!-- emotion-pr-report -->")
    assert "curves.png" not in summary
    assert json.loads(written.github.read_text())["calls"] == []
    assert git(origin, "for-each-ref") == before


def test_the_branch_of_images_keeps_only_the_newest_of_each_pull_request(written, origin):
    for images in ("pr-8/aaa", "pr-7/bbb", "pr-7/ccc"):
        push_images(written, images)
    assert images_on_branch(origin) == ["pr-7/ccc/curves.png", "pr-8/aaa/curves.png"]
    assert git(origin, "rev-list", "--count", "pr-report-images") == "1\n"
    assert git(origin, "show", "pr-report-images:pr-7/ccc/curves.png") == "curves"


def push_images(runner, images):
    runner.call([".github/scripts/push_images.sh"], {"IMAGES": images})


@needs_jq
def test_two_reports_at_the_same_time_both_keep_their_images(written, origin, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(written.checkout, other, symlinks=True)
    hook = written.checkout / ".git" / "hooks" / "post-index-change"
    hook.write_text(  # the other report is pushed while this one is prepared
        f"#!/bin/sh\nrm {hook}\ncd {other} && unset $(git rev-parse --local-env-vars)\n"
        "IMAGES=pr-9/ddd exec .github/scripts/push_images.sh\n"
    )
    hook.chmod(0o755)
    written.run(steps_to_run()[-1:])
    assert not hook.exists()
    assert {"pr-9/ddd/curves.png", f"{IMAGES}/curves.png"} <= set(images_on_branch(origin))


def test_a_remote_that_cannot_be_used_leaves_a_report_to_be_written(runner, capfd):
    (runner.checkout / ".dvc" / "config.local").write_text("[core]\n    remote = unknown\n")
    runner.run(steps_to_run()[:1])
    assert "::warning::dvc pull failed" in capfd.readouterr().out
