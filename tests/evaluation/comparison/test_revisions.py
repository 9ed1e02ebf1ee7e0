"""Files of any revision are read; what cannot be read is an error with a hint."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dvc.repo import Repo

from emotion.evaluation.comparison.revisions import UNSHALLOW, read_text
from tests.evaluation.comparison.conftest import PATH, STAGE, commit, git, init
from tests.evaluation.comparison.simulated import make_predictions, to_csv
from tests.user_errors import user_error

MAIN = to_csv(make_predictions(model=1, skill=1.5))
BETTER = to_csv(make_predictions(model=1, skill=3.0))
EXPERIMENT = to_csv(make_predictions(model=2, skill=1.0))


def set_remote(repo, url):
    """Configure the default remote, as `dvc remote add --local -d` does."""
    text = f"[core]\n    remote = store\n['remote \"store\"']\n    url = {url}\n"
    (repo / ".dvc" / "config.local").write_text(text)


def delete_cache(repo):
    shutil.rmtree(repo / ".dvc" / "cache")
    shutil.rmtree(repo / "data")


@pytest.mark.parametrize(
    ("revision", "expected"),
    [
        ("main", MAIN),
        ("v1", MAIN),
        ("better", BETTER),
        ("better~1", MAIN),
        ("my-exp", EXPERIMENT),
        ("workspace", MAIN),
    ],
)
def test_branches_tags_commits_experiments_and_the_workspace_are_read(repo, revision, expected):
    assert read_text(revision, PATH, repo) == expected


def test_a_commit_hash_is_read(repo):
    assert read_text(git(repo, "rev-parse", "better").strip(), PATH, repo) == BETTER
    assert read_text(git(repo, "rev-parse", "--short", "better").strip(), PATH, repo) == BETTER


def test_the_workspace_is_the_file_as_it_is_now_and_head_as_it_was_committed(repo):
    (repo / PATH).unlink()  # a link or copy of the cache
    (repo / PATH).write_text("changed")
    assert read_text("workspace", PATH, repo) == "changed"
    assert read_text("HEAD", PATH, repo) == MAIN


def test_files_in_git_are_read_too(repo):
    assert read_text("better", "dvc.yaml", repo) == STAGE


def test_any_folder_of_the_repository_will_do(repo):
    assert read_text("better", PATH, repo / "data" / "predictions") == BETTER
    assert read_text("workspace", PATH, repo / "data" / "predictions") == MAIN


def test_a_dvc_repository_in_a_subfolder_of_git_is_read(tmp_path):
    project = tmp_path / "project"
    init(tmp_path)
    project.mkdir()
    with Repo.init(str(project), subdir=True) as repo:
        (project / "data").mkdir()
        (project / "data" / "a.csv").write_text("content")
        repo.add(str(project / "data"))
    commit(tmp_path)
    assert read_text("main", "data/a.csv", project) == "content"
    shutil.rmtree(project / ".dvc" / "cache")
    with user_error("'main'", "cache", file="data/a.csv", hint="dvc remote add"):
        read_text("main", "data/a.csv", project)


def test_without_the_cache_the_remote_is_read_and_git_is_not_changed(repo):
    set_remote(repo, "../../store")
    delete_cache(repo)
    before = git(repo, "status", "--porcelain", "--ignored", "--branch")
    assert read_text("main", PATH, repo) == MAIN
    assert read_text("better", PATH, repo) == BETTER
    assert git(repo, "status", "--porcelain", "--ignored", "--branch") == before


@pytest.mark.slow
def test_reading_prints_nothing(repo):
    set_remote(repo, "../../store")
    delete_cache(repo)
    module = "emotion.evaluation.comparison.revisions"
    code = f"from {module} import read_text; read_text('better', {PATH!r})"
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=repo,
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        check=True,
    )
    assert (result.stdout, result.stderr) == (b"", b"")


def test_without_cache_and_remote_the_error_has_the_commands(repo):
    delete_cache(repo)
    with user_error("'better'", file=PATH, hint="dvc remote add -d NAME URL"):
        read_text("better", PATH, repo)
    with user_error(file=PATH, hint="dvc pull"):
        read_text("workspace", PATH, repo)


@pytest.mark.parametrize("url", ["../../nowhere", "../../empty"])
def test_a_remote_that_is_missing_or_lacks_the_file_is_named(repo, url):
    (repo.parent / "empty").mkdir()
    set_remote(repo, url)
    delete_cache(repo)
    with user_error("'better'", "'store'", file=PATH, hint="dvc push"):
        read_text("better", PATH, repo)


def test_only_the_content_may_be_missing_where_the_list_of_files_is_not(repo):
    set_remote(repo, "../../empty")
    for file in (repo / ".dvc" / "cache").rglob("*"):
        if file.is_file() and file.suffix != ".dir":
            file.unlink()
    with user_error("'better'", "'store'", file=PATH, hint="dvc push"):
        read_text("better", PATH, repo)


def test_a_remote_whose_plugin_is_not_installed_names_it(repo):
    set_remote(repo, "s3://bucket/folder")
    delete_cache(repo)
    with user_error("'better'", "dvc-s3", file=PATH, hint="dvc remote list"):
        read_text("better", PATH, repo)


@pytest.mark.parametrize(
    ("revision", "hint"),
    [
        ("beter", "use better, or run `git fetch"),
        ("my-ex", "use my-exp, or run `git fetch"),
        ("../main", "use main, or run `git fetch"),
        ("main..better", "use better, or run `git fetch"),
        *((name, "run `git fetch") for name in ("zzz", "", " ")),
    ],
)
def test_an_unknown_revision_has_the_names_that_are_close(repo, revision, hint):
    with user_error(f"'{revision}'", repo) as caught:
        read_text(revision, PATH, repo)
    assert caught.value.hint.startswith(hint)


@pytest.mark.parametrize("revision", ["HEAD^{tree}", "HEAD:", "HEAD:dvc.yaml", "of-a-file"])
def test_what_is_not_a_commit_is_named_as_such(repo, revision):
    git(repo, "tag", "-a", "-m", "of a file", "of-a-file", "HEAD:dvc.yaml")
    with user_error(f"'{revision}'", "commit", hint="branch, tag, commit") as caught:
        read_text(revision, PATH, repo)
    assert "pygit2" not in str(caught.value)


@pytest.mark.parametrize("revision", ["HEAD\nmain", "main\r", "a\x1b[2Jb", "\u202emain"])
def test_a_revision_with_hidden_characters_is_shown_in_one_line(repo, revision):
    with user_error(repo, hint="git fetch") as caught:
        read_text(revision, PATH, repo)
    assert str(caught.value).isprintable()


def test_an_annotated_tag_and_a_search_are_commits(repo):
    git(repo, "tag", "-a", "-m", "release", "v2", "main")
    for revision in ("v2", "v2^{}", ":/change", "main@{0}"):
        assert read_text(revision, "dvc.yaml", repo)


def test_an_experiment_of_two_commits_needs_a_commit(repo):
    refs = git(repo, "for-each-ref", "--format=%(refname)", "refs/exps").split()
    (ref,) = (ref for ref in refs if ref.endswith("/my-exp"))
    *_, first, second, name = ref.split("/")
    other = git(repo, "rev-parse", "better").strip()
    git(repo, "update-ref", f"refs/exps/{other[:2]}/{other[2:]}/{name}", ref)
    assert read_text("my-exp", PATH, repo) == EXPERIMENT  # that of the commit at HEAD
    git(repo, "commit", "-q", "--allow-empty", "-m", "next")
    assert first + second != git(repo, "rev-parse", "HEAD").strip()
    with user_error("'my-exp'", hint="dvc exp list"):
        read_text("my-exp", PATH, repo)


def test_a_shallow_clone_has_the_command_that_fetches_the_rest(repo, tmp_path):
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=1", "-b", "better", repo.as_uri(), str(clone))
    set_remote(clone, repo.parent / "store")
    assert read_text("better", PATH, clone) == BETTER
    for revision in ("main", "HEAD~1", "v1"):
        with user_error(f"'{revision}'", hint=f"`{UNSHALLOW}`"):
            read_text(revision, PATH, clone)
    subprocess.run(shlex.split(UNSHALLOW), cwd=clone, check=True, capture_output=True)
    for revision in ("main", "HEAD~1", "v1", "origin/main"):
        assert read_text(revision, PATH, clone) == MAIN


@pytest.mark.parametrize("name", ["dvc.lock", "dvc.yaml"])
def test_a_revision_without_the_file_has_the_command_that_makes_it(repo, name):
    git(repo, "rm", "-q", name)
    commit(repo)
    with user_error("'HEAD'", file=PATH, hint="dvc repro"):
        read_text("HEAD", PATH, repo)
    with user_error("'main~1'", file="data/predictions/other.csv", hint="dvc repro"):
        read_text("main~1", "data/predictions/other.csv", repo)


def test_a_broken_pipeline_at_the_revision_is_an_error(repo):
    (repo / "dvc.yaml").write_text("stages: {")
    commit(repo)
    with user_error("'HEAD'", "dvc.yaml", file=PATH):
        read_text("HEAD", PATH, repo)
    assert read_text("better", PATH, repo) == BETTER


def test_bytes_that_are_no_text_are_an_error(repo):
    (repo / PATH).unlink()
    (repo / PATH).write_bytes(b"\xff\xfe\x00")
    (repo / "latin.csv").write_bytes(b"\xe9t\xe9")
    commit(repo)
    for revision, path in (("workspace", PATH), ("HEAD", "latin.csv")):
        with user_error(f"'{revision}'", "UTF-8", file=path, hint="dvc repro"):
            read_text(revision, path, repo)


def test_a_folder_without_dvc_or_without_git_is_an_error(tmp_path):
    with user_error("DVC", file=tmp_path):
        read_text("main", PATH, tmp_path)
    with Repo.init(str(tmp_path), no_scm=True):
        pass
    with user_error("Git", "'workspace'", file=tmp_path):
        read_text("main", PATH, tmp_path)


def test_a_git_repository_without_commits_is_an_error(tmp_path):
    init(tmp_path)
    with Repo.init(str(tmp_path)):
        pass
    with user_error("'main'"):
        read_text("main", PATH, tmp_path)
