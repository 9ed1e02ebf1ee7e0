"""The report of a pull request has every part that can be made, and names what is missing."""

import json
import subprocess

import pytest
from dvc.repo import Repo
from markdown_it import MarkdownIt
from PIL import Image

from emotion.cli import compare, pr_report
from tests.user_errors import user_error
from tests.workflows.origin import clone, git, make_origin

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning:dvc")]


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    return make_origin(tmp_path_factory.mktemp("origin"))


@pytest.fixture
def checkout(origin, tmp_path, monkeypatch):
    """A function that enters a clone of a branch."""

    def enter(branch):
        monkeypatch.chdir(clone(origin, tmp_path / "clone", branch))
        return tmp_path / "clone"

    return enter


def pull():
    with Repo() as repo:
        repo.pull()


def forget_remote(folder):
    (folder / ".dvc" / "config").write_text("[core]\n    analytics = false\n")


def write(folder):
    assert pr_report.main(["main"]) == 0
    return (folder / "pr_report" / "report.md").read_text(encoding="utf-8")


def test_a_change_without_effect_has_no_differences_in_its_report(checkout, capsys):
    folder = checkout("docs")
    pull()
    report = write(folder)
    assert report.startswith("<!-- emotion-pr-report -->\n")
    assert "120 test images" in report
    assert "<details" not in report  # no table of params or metrics
    names = {path.name for path in (folder / "pr_report").iterdir()}
    assert names == {"report.md", "curves.png", "confusion.png", "pr_report.json"}

    capsys.readouterr()
    compare.main(["main", "workspace", "--md"])
    assert capsys.readouterr().out.replace("workspace", "this branch").strip() in report


def test_without_cache_and_remote_only_the_curves_are_missing(checkout):
    folder = checkout("better")
    forget_remote(folder)
    report = write(folder)
    curves, *_ = report.partition("Learning curves are missing:")[2].strip().split("\n\n")
    assert curves.count("train_loss.tsv") == curves.count("\n- ") + 1 == 2
    assert "not compared" not in report
    assert "this branch is better: +" in report
    assert "(confusion.png)" in report


def test_what_the_base_lacks_is_named_and_the_other_parts_are_reported(checkout):
    folder = checkout("better")
    pull()
    forget_remote(folder)
    git(folder, "checkout", "--quiet", "origin/main")
    git(folder, "rm", "--quiet", "metrics/predictions.csv")
    git(folder, "commit", "--quiet", "--message", "of an older version")
    git(folder, "branch", "main")
    git(folder, "checkout", "--quiet", "origin/better")
    report = write(folder)
    missing = [line for line in report.splitlines() if " of 'main' " in line]
    assert any("data/predictions/test.csv" in line for line in missing)
    assert any("train_loss.tsv" in line for line in missing)
    assert "| params.yaml | train.lr_head | 0.1 | 0.2 | 0.1 |" in report
    assert "| metrics/evaluate.json | accuracy | 0.5 | 0.9 | 0.4 |" in report
    for name in ("curves", "confusion"):
        assert f"({name}.png)" in report
        Image.open(folder / "pr_report" / f"{name}.png").verify()


def stub_dvc(monkeypatch, returncode=0, stdout="", stderr=""):
    result = subprocess.CompletedProcess([], returncode, stdout, stderr)
    monkeypatch.setattr(pr_report.subprocess, "run", lambda *_, **__: result)


def test_without_curves_no_image_of_them_is_linked_or_left_from_before(checkout, monkeypatch):
    folder = checkout("better")
    forget_remote(folder)
    stub_dvc(monkeypatch)
    ours = {"written_by": "make pr-report", "files": ["curves.png"]}
    (folder / "pr_report").mkdir()
    (folder / "pr_report" / "pr_report.json").write_text(json.dumps(ours))
    (folder / "pr_report" / "curves.png").write_text("of an earlier report")
    (folder / "pr_report" / "mine.png").write_text("mine")
    assert "curves.png" not in write(folder)
    names = {path.name for path in (folder / "pr_report").iterdir()}
    assert names == {"report.md", "confusion.png", "pr_report.json", "mine.png"}


def test_a_folder_with_files_of_the_user_is_refused(checkout):
    folder = checkout("better")
    (folder / "docs").mkdir()
    (folder / "docs" / "curves.png").write_text("mine")
    with user_error("make pr-report", file="docs"):
        pr_report.main(["main", "--out", "docs"])
    assert (folder / "docs" / "curves.png").read_text() == "mine"


def test_long_tables_are_folded_and_cut(checkout, monkeypatch):
    folder = checkout("better")
    forget_remote(folder)
    changes = {f"key{number:03}": {"old": 0, "new": number} for number in range(1000)}
    stub_dvc(monkeypatch, stdout=json.dumps({"params.yaml": changes}))
    report = write(folder)
    assert "<details><summary>params: 1,000 changed" in report
    assert "| key149 | 0 | 149 |" in report
    assert "\n850 more rows" in report
    assert "key150" not in report


def test_untrusted_names_and_values_are_no_markup_of_the_report(checkout, monkeypatch):
    folder = checkout("better")
    forget_remote(folder)
    evil = "python | <img src=x> @octocat #1"
    stub_dvc(monkeypatch, stdout=json.dumps({evil: {evil: {"old": evil, "new": [evil]}}}))
    report = write(folder)
    html = MarkdownIt("gfm-like", {"html": True}).render(report)
    assert "<img src=x" not in html
    assert "@octocat" not in html
    assert str(folder) not in report  # no path of this machine


def test_what_dvc_cannot_do_is_part_of_the_report(checkout, monkeypatch):
    folder = checkout("better")
    forget_remote(folder)
    stub_dvc(monkeypatch, returncode=255, stderr="ERROR: dvc.yaml is invalid\nmore\n")
    assert "\n- ERROR: dvc.yaml is invalid\n" in write(folder)


def test_an_unknown_base_is_one_line_and_writes_nothing(checkout):
    folder = checkout("better")
    with user_error("'mian'") as caught:
        pr_report.main(["mian"])
    assert "\n" not in str(caught.value)
    assert not (folder / "pr_report").exists()
