"""The command `emotion serve`: what it listens on, and what it says where it cannot."""

import sys

import pytest
import uvicorn

from emotion import cli, serve
from emotion.serving.protocol import ImpatientProtocol
from tests.prediction.conftest import write_onnx


@pytest.fixture
def onnx_file(tmp_path):
    return write_onnx(tmp_path / "model.onnx")


@pytest.fixture
def started(monkeypatch):
    calls = []
    monkeypatch.setattr(uvicorn, "run", lambda app, **options: calls.append((app, options)))
    return calls


def test_it_listens_on_this_machine_only_and_keeps_no_log_of_requests(
    onnx_file,
    started,
    capsys,
):
    assert cli.main(["serve", "--model", str(onnx_file)]) == 0
    [(_, options)] = started
    assert (options["host"], options["port"]) == ("127.0.0.1", 8000)
    assert options["access_log"] is False
    assert options["http"] is ImpatientProtocol
    assert options["limit_concurrency"] == serve.CONNECTIONS
    assert capsys.readouterr().err == ""


def test_on_another_address_it_warns_that_there_is_no_password(
    onnx_file,
    started,
    capsys,
):
    assert serve.main(["--model", str(onnx_file), "--host", "0.0.0.0", "--port", "80"]) == 0
    assert started[0][1]["host"] == "0.0.0.0"
    assert "no password" in capsys.readouterr().err


def test_without_a_model_it_says_how_to_get_one(tmp_path, capsys):
    assert serve.main(["--model", str(tmp_path / "model.onnx")]) == 2
    assert "does not exist; `dvc repro`" in capsys.readouterr().err


def test_a_missing_package_is_named_with_what_installs_it(onnx_file, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert serve.main(["--model", str(onnx_file)]) == 2
    assert "emotion-pipeline[serve]" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--port", "x"], ["--max-megabytes", "0"], ["a.onnx"]])
def test_usage_errors(arguments):
    with pytest.raises(SystemExit) as ended:
        serve.main(arguments)
    assert ended.value.code == 2
