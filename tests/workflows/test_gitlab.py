"""The GitLab file of the docs is valid, and does what the workflows of GitHub do."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.workflows.runner import put_on_path, steps_to_run
from tests.workflows.schema import check_schema


def gitlab_file():
    """The .gitlab-ci.yml of the docs."""
    docs = Path("docs/pull_requests.md").read_text(encoding="utf-8")
    (text,) = [
        block for block in re.findall(r"```yaml\n(.*?)```", docs, re.S) if "parallel" in block
    ]
    return text


@pytest.mark.slow
def test_the_gitlab_file_of_the_docs_has_the_form_that_gitlab_reads(tmp_path):
    for text, valid in ((gitlab_file(), True), (gitlab_file().replace("rules:", "rule:"), False)):
        path = tmp_path / ".gitlab-ci.yml"
        path.write_text(text)
        assert (check_schema("vendor.gitlab-ci", path).returncode == 0) == valid


def test_the_gitlab_job_runs_the_commands_of_the_workflows():
    jobs = yaml.safe_load(gitlab_file())
    assert jobs["tests"]["parallel"]["matrix"] == [{"PYTHON": ["3.11", "3.12", "3.13"]}]
    assert jobs["tests"]["script"] == ["make lint", "make test"]
    commands = [step["run"] for step in steps_to_run()]
    assert jobs["merge-request-report"]["script"][:-1] == commands[:-1]


@pytest.mark.skipif(shutil.which("jq") is None, reason="the GitLab job installs jq")
def test_a_merge_request_gets_one_note_that_is_updated(tmp_path):
    put_on_path(tmp_path / "bin", "curl", "fake_curl.py")
    notes = tmp_path / "notes.json"
    human = {"id": 1, "body": "please explain"}
    notes.write_text(json.dumps([human]))
    environment = {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "FAKE_GITLAB": str(notes),
        "REPORT_TOKEN": "secret",
        "CI_API_V4_URL": "https://gitlab.test/api/v4",
        "CI_PROJECT_ID": "3",
        "CI_MERGE_REQUEST_IID": "7",
    }
    publish = yaml.safe_load(gitlab_file())["merge-request-report"]["script"][-1]
    (tmp_path / "pr_report").mkdir()
    (tmp_path / "pr_report" / "curves.png").write_bytes(b"curves")
    for text in ("first", "second"):
        report = f"<!-- emotion-pr-report -->\n\n{text} & more\n![Curves](curves.png)\n"
        (tmp_path / "pr_report" / "report.md").write_text(report)
        command = ["bash", "-e", "-c", publish]
        subprocess.run(command, cwd=tmp_path, env={**os.environ, **environment}, check=True)
    linked = report.replace("curves.png", "/uploads/hash/curves.png")
    assert json.loads(notes.read_text()) == [human, {"id": 101, "body": linked}]
