"""The workflows are valid, run what they should, and name only what exists."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.workflows.runner import REPORT, load, steps_of
from tests.workflows.schema import check_schema

WORKFLOWS = sorted(Path(".github/workflows").glob("*.yml"))
SCRIPTS = sorted(Path(".github/scripts").glob("*.sh"))


@pytest.mark.slow
def test_the_workflows_have_the_form_that_github_reads(tmp_path):
    assert len(WORKFLOWS) == 2
    assert check_schema("vendor.github-workflows", *WORKFLOWS).returncode == 0
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(REPORT.read_text(encoding="utf-8").replace("runs-on:", "run-on:"))
    assert check_schema("vendor.github-workflows", wrong).returncode != 0


@pytest.mark.parametrize("path", WORKFLOWS, ids=str)
def test_every_target_and_script_of_a_workflow_exists(path):
    targets = re.findall(r"^([\w-]+):", Path("Makefile").read_text(), re.MULTILINE)
    commands = [step["run"].split() for step in steps_of(path) if "run" in step]
    assert commands
    for command in commands:
        if command[0] == "make":
            assert command[1:] in [[target] for target in [*targets, ".venv/installed"]]
        else:
            assert os.access(command[0], os.X_OK), command
            assert Path(command[0]) in SCRIPTS


@pytest.mark.parametrize("path", WORKFLOWS, ids=str)
def test_no_expression_is_part_of_a_command(path):
    for step in steps_of(path):
        assert "${{" not in step.get("run", ""), "a branch's name could hold commands: use env"


def test_the_tests_run_on_every_push_with_every_supported_python():
    workflow = load(".github/workflows/tests.yml")
    triggers = workflow[True]  # YAML 1.1 reads the key `on` as a truth value
    assert triggers["push"] is None, "no filter of branches or paths"
    matrix = workflow["jobs"]["tests"]["strategy"]["matrix"]
    assert matrix["python"] == ["3.11", "3.12", "3.13"]


def test_github_runs_what_a_submission_must_pass():
    required = re.findall(r"^make .*$", Path(".ci/run").read_text(), re.MULTILINE)
    job = load(".github/workflows/tests.yml")["jobs"]["tests"]
    when = {step["run"]: step.get("if") for step in job["steps"] if "run" in step}
    assert [command for command in when if command in required] == required
    # One Python runs the tests of `make test` as `make coverage`, and shows the result if it fails.
    [python] = re.findall(r"'(.*)'", when["make coverage"])
    assert python in job["strategy"]["matrix"]["python"]
    assert when == dict.fromkeys(required) | {
        "make test": f"matrix.python != '{python}'",
        "make coverage": f"matrix.python == '{python}'",
        ".github/scripts/summarize_coverage.sh": f"matrix.python == '{python}' && !cancelled()",
    }


def test_what_runs_code_of_a_pull_request_may_not_write():
    assert load(".github/workflows/tests.yml")["permissions"] == {"contents": "read"}
    report = load(REPORT)
    assert report["permissions"] == {}
    assert set(report["jobs"]) == {"report", "comment"}
    assert report["jobs"]["report"]["permissions"] == {"contents": "read"}
    for step in report["jobs"]["report"]["steps"]:
        assert "GH_TOKEN" not in step.get("env", {})
        assert "secrets." not in str(step)


def test_what_may_write_runs_the_base_branch_alone():
    comment = load(REPORT)["jobs"]["comment"]
    assert comment["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert comment["needs"] == "report"
    checkout, download, *others = comment["steps"]
    assert checkout["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"
    assert download["uses"].startswith("actions/download-artifact@")
    assert [step["run"] for step in others] == [".github/scripts/comment_report.sh"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=str)
def test_actions_are_pinned_by_commit_and_checkouts_keep_no_token(path):
    for step in steps_of(path):
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"])
        if step.get("uses", "").startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False
    lines = [line for line in path.read_text().splitlines() if "uses:" in line]
    assert all(re.search(r"# v\d+\.\d+\.\d+$", line) for line in lines)  # which version it is


def test_the_fetched_results_are_outputs_of_the_pipeline():
    fetched = re.findall(r"results\+?=\((.*)\)", read_script("fetch_results"))
    outputs = [
        path
        for stage in load("dvc.yaml")["stages"].values()
        for output in stage["outs"]
        for path in (output if isinstance(output, dict) else [output])
    ]
    assert fetched
    assert set(fetched) <= set(outputs)


@pytest.mark.parametrize("path", SCRIPTS, ids=str)
def test_a_script_is_valid_bash_and_stops_at_the_first_error(path):
    subprocess.run(["bash", "-n", path], check=True)
    assert "\nset -euo pipefail\n" in path.read_text(encoding="utf-8")


def read_script(name):
    return Path(f".github/scripts/{name}.sh").read_text(encoding="utf-8")
