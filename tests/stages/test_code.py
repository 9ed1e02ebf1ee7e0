"""With DVC itself: a comment makes no stage stale, and a change makes stale what reaches it."""

import os
import shutil
import sys
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

ROOT = Path.cwd()
# In place of the commands of dvc.yaml: outputs without content, for dependencies that are real.
STUB = """
import sys
from pathlib import Path
for name in sys.argv[1:]:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(name)
"""
USE_A_LOSS = {"check_params", "sanity_checks", "train"}  # the first reads its settings


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The stages, dependencies and code of this repository, all up to date."""
    folder = tmp_path_factory.mktemp("repository")
    for name in ("emotion", "stages", ".dvcignore", "params.yaml"):
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / name)
    pipeline = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
    read = {dep for stage in pipeline["stages"].values() for dep in stage["deps"]}
    for name, stage in pipeline["stages"].items():
        if name != "code":
            outs = [out if isinstance(out, str) else next(iter(out)) for out in stage["outs"]]
            inside = [dep for dep in read for out in outs if dep.startswith(f"{out}/")]
            folders = {out for out in outs if any(dep.startswith(f"{out}/") for dep in inside)}
            stage["cmd"] = f"python stub.py {' '.join(sorted({*outs, *inside} - folders))}"
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": pipeline["stages"]}))
    (folder / "stub.py").write_text(STUB)
    (folder / "data/weights").mkdir(parents=True)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        prepare_environment(monkeypatch)
        with Repo.init(no_scm=True) as repo:
            repo.reproduce()
    return folder


def prepare_environment(monkeypatch):
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("DVC_STAGE", raising=False)


@pytest.fixture
def repository(finished, tmp_path, monkeypatch):
    shutil.copytree(finished, tmp_path / "repository", symlinks=True)
    monkeypatch.chdir(tmp_path / "repository")
    prepare_environment(monkeypatch)


def edit(file, before, after):
    text = Path(file).read_text(encoding="utf-8")
    assert before in text
    Path(file).write_text(text.replace(before, after, 1), encoding="utf-8")


def stale_stages():
    with Repo() as repo:
        return set(repo.status())


def stale_stages_after_the_fingerprints():
    with Repo() as repo:
        repo.reproduce("code")
    return stale_stages()


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_a_comment_a_docstring_and_a_command_make_the_fingerprints_alone_stale():
    assert stale_stages() == set()
    edit("emotion/core/files.py", "\nimport ", "\n# another comment\nimport ")
    edit("emotion/core/seeding.py", '"""', '"""More on: ')
    edit("emotion/cli/compare.py", "import argparse", "import argparse\n\nUNUSED = 1")
    assert stale_stages() == {"code"}
    assert stale_stages_after_the_fingerprints() == set()


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_a_changed_loss_makes_exactly_the_stages_stale_that_use_it():
    edit("emotion/training/losses/focal.py", "GAMMA = 2.0", "GAMMA = 3.0")
    assert stale_stages() == {"code"}
    assert stale_stages_after_the_fingerprints() == USE_A_LOSS


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_a_changed_template_makes_the_stage_stale_that_fills_it():
    edit("emotion/export/hub/model_card.md", "license", "terms")
    assert stale_stages_after_the_fingerprints() == {"publish", "check_params"}


@pytest.mark.slow
@pytest.mark.usefixtures("repository")
def test_repro_runs_the_stages_whose_code_has_changed_and_restores_nothing_else():
    edit("stages/class_weights.py", "def main", "CHANGED = 1\n\n\ndef main")
    with Repo() as repo:
        ran = {stage.name for stage in repo.reproduce()}
    assert ran == {"code", "class_weights"}
