"""Reads the workflows, and runs steps of them as a runner of GitHub would."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from tests.workflows.origin import ROOT

REPORT = Path(".github/workflows/pr-report.yml")
NUMBER = 7  # of the pull request
RUN_URL = "https://github.com/team/emotion/actions/runs/99"
HUMAN = {"id": 1, "user": {"type": "User"}, "body": "<!-- emotion-pr-report --> is a marker"}
OTHER_BOT = {"id": 2, "user": {"type": "Bot"}, "body": "coverage is up"}


def load(path):
    return yaml.safe_load(Path(path).read_text(encoding="utf-8"))


def steps_of(path):
    return [step for job in load(path)["jobs"].values() for step in job["steps"]]


def steps_to_run(job):
    """All steps of a job but those that bring the code, Python and the environment."""
    steps = [step for step in load(REPORT)["jobs"][job]["steps"] if "run" in step]
    return [step for step in steps if step["run"] != "make .venv/installed"]


def link_environment(folder):
    """The environment of the tests in the place of the one that `make` would create."""
    folder.mkdir()
    for name in ("bin", "lib"):
        (folder / name).symlink_to(Path(sys.prefix) / name)
    if (Path(sys.prefix) / "pyvenv.cfg").exists():
        shutil.copy(Path(sys.prefix) / "pyvenv.cfg", folder)
    (folder / "installed").touch()


def put_on_path(folder, name, script):
    """A command that runs a file of this folder."""
    folder.mkdir(exist_ok=True)
    command = f'#!/bin/sh\nexec "{sys.executable}" "{ROOT}/tests/workflows/{script}" "$@"\n'
    (folder / name).write_text(command)
    (folder / name).chmod(0o755)


class Runner:
    """A runner that has the code and the environment, with a stand-in for `gh`."""

    def __init__(self, checkout):
        self.checkout = checkout
        self.tools = checkout.parent / "bin"
        self.github = checkout.parent / "github.json"
        self.summary = checkout.parent / "summary.md"
        link_environment(checkout / ".venv")
        put_on_path(self.tools, "gh", "fake_gh.py")
        self.github.write_text(json.dumps({"calls": [], "comments": [HUMAN, OTHER_BOT]}))

    def run(self, steps):
        """Run steps in order, with the values of their expressions."""
        values = {
            "github.base_ref": "main",
            "github.token": "secret",
            "github.event.pull_request.number": str(NUMBER),
            "github.run_id": "99",
        }
        for step in steps:
            env = {
                name: re.sub(r"\$\{\{ (.*?) \}\}", lambda match: values[match[1]], value)
                for name, value in step.get("env", {}).items()
            }
            self.call(["bash", "-e", "-c", step["run"]], env)

    def call(self, command, env):
        """Run a command in the checkout; it must succeed."""
        always = {
            "PATH": f"{self.tools}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "FAKE_GITHUB": str(self.github),
            "GITHUB_REPOSITORY": "team/emotion",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_STEP_SUMMARY": str(self.summary),
        }
        environment = {**os.environ, **always, **env}
        subprocess.run(command, cwd=self.checkout, env=environment, check=True)

    @property
    def comments(self):
        """Of the pull request, oldest first."""
        return json.loads(self.github.read_text())["comments"]
