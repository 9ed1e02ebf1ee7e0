"""What a caller sets for `make` is data: no part of a branch's name or a path is run."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

HOSTILE = [
    "main;id>PWNED",
    "main`id>PWNED`",
    "main&id>PWNED",
    "main|id>PWNED",
    "x$$(id>PWNED)",
    "x$(id>PWNED)",
    "$(shell id>PWNED)",
    "${shell id>PWNED}",
    "$(eval export PATH:=.)",
    "'\";id>PWNED",
    "--help",
    "",
]


@pytest.fixture
def project(tmp_path):
    """A folder with a space in its name, and a stand-in for Python that prints its arguments."""
    folder = tmp_path / "my project"
    (folder / ".venv/bin").mkdir(parents=True)
    for name in ("Makefile", "requirements.txt"):
        shutil.copy(name, folder)
    script = f'#!/bin/sh\nexec "{sys.executable}" -c "import sys; print(sys.argv[1:])" "$@"\n'
    (folder / ".venv/bin/python").write_text(script)
    (folder / ".venv/bin/python").chmod(0o755)
    later = time.time() + 60  # than requirements.txt, so that the environment is up to date
    (folder / ".venv/installed").touch()
    os.utime(folder / ".venv/installed", (later, later))
    return folder


def make(folder, *arguments, **variables):
    command = ["make", "--silent", *arguments]
    environment = {**os.environ, **variables}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("base", HOSTILE)
def test_the_name_of_a_branch_reaches_the_program_as_it_is(project, base):
    for result in (
        make(project, "pr-report", f"BASE={base}"),
        make(project, "pr-report", BASE=base),
    ):
        assert result.stdout.strip() == str(["-m", "emotion.cli.pr_report", "--", base])
    assert not list(project.rglob("PWNED"))


@pytest.mark.parametrize("python", HOSTILE[:-1])
def test_the_path_of_python_is_no_command_line(project, python):
    (project / ".venv/installed").unlink()
    assert make(project, ".venv/installed", f"PYTHON={python}").returncode != 0
    assert make(project, ".venv/installed", PYTHON=python).returncode != 0
    assert not list(project.rglob("PWNED"))


def test_other_variables_cannot_be_set(project):
    hostile = [f"{name}=;id>PWNED;" for name in ("VENV", "BIN", "HIDDEN", "EXTRAS")]
    assert make(project, "verify", *hostile).stdout.strip() == str(["-m", "emotion.cli.verify"])
    assert not list(project.rglob("PWNED"))


def test_no_recipe_expands_a_variable_of_the_caller():
    recipes = [line for line in Path("Makefile").read_text().splitlines() if line[:1] == "\t"]
    assert not [line for line in recipes if "$(BASE)" in line or "$(PYTHON)" in line]
