"""The files around the code are valid and agree with it: hooks, editors, templates, citation."""

import configparser
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from emotion.core.version import __version__
from tests.workflows.schema import check_schema

SCHEMAS = {
    ".github/dependabot.yml": "vendor.dependabot",
    ".github/ISSUE_TEMPLATE/bug.yml": "vendor.github-issue-forms",
    ".github/ISSUE_TEMPLATE/config.yml": "vendor.github-issue-config",
    ".github/ISSUE_TEMPLATE/feature.yml": "vendor.github-issue-forms",
    "CITATION.cff": "vendor.citation-file-format",
}
HOOKS = ".pre-commit-config.yaml"
PROJECT = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))


def read(path):
    return Path(path).read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("path", SCHEMAS)
def test_a_file_has_the_form_that_its_reader_expects(path, tmp_path):
    assert check_schema(SCHEMAS[path], path).returncode == 0
    (key, value), *others = yaml.safe_load(read(path)).items()
    wrong = tmp_path / Path(path).name
    wrong.write_text(yaml.safe_dump({f"{key}s": value, **dict(others)}))
    assert check_schema(SCHEMAS[path], wrong).returncode != 0


def test_every_issue_form_is_checked():
    forms = {path.as_posix() for path in Path(".github/ISSUE_TEMPLATE").iterdir()}
    assert forms <= set(SCHEMAS)


def test_the_citation_and_the_changelog_are_of_this_version():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["version"] == __version__
    assert citation["license"] == PROJECT["project"]["license"]
    first_section = next(line for line in read("CHANGELOG.md").splitlines() if line[:3] == "## ")
    assert first_section.split()[1] == __version__


@pytest.mark.parametrize(
    "hook", yaml.safe_load(read(HOOKS))["repos"][0]["hooks"], ids=lambda hook: hook["id"]
)
def test_a_hook_runs_a_tool_of_the_environment(hook):
    folder, _, tool = hook["entry"].split()[0].rpartition("/")
    assert folder == ".venv/bin"
    assert (Path(sys.prefix) / "bin" / tool).exists()


@pytest.mark.slow
def test_every_hook_applies_to_a_file(tmp_path):
    def check(config):
        command = [sys.executable, "-m", "pre_commit.meta_hooks.check_hooks_apply", config]
        return subprocess.run(command, capture_output=True, check=False).returncode

    assert check(HOOKS) == 0
    useless = tmp_path / HOOKS
    useless.write_text(read(HOOKS).replace("^(emotion|stages)/", "^no_such_folder/"))
    assert check(useless) == 1


def test_editors_write_what_the_tools_check():
    editors = configparser.ConfigParser()
    editors.read_string(f"[start]\n{read('.editorconfig')}")
    assert int(editors["*.py"]["max_line_length"]) == PROJECT["tool"]["ruff"]["line-length"]
    assert editors["*.py"]["indent_size"] == "4"
    assert editors["*"]["indent_style"] == "space"
    assert editors["Makefile"]["indent_style"] == "tab"


def test_the_container_has_a_supported_python_and_the_recommended_extensions():
    container = json.loads(read(".devcontainer/devcontainer.json"))
    workflow = yaml.safe_load(read(".github/workflows/tests.yml"))
    pythons = workflow["jobs"]["tests"]["strategy"]["matrix"]["python"]
    assert container["image"].rpartition(":")[2].split("-")[1] in pythons
    assert container["postCreateCommand"] == "make .venv/installed"
    recommended = json.loads(read(".vscode/extensions.json"))["recommendations"]
    assert container["customizations"]["vscode"]["extensions"] == recommended
    assert "Iterative.dvc" in recommended
