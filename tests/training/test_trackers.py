"""Trackers receive the same metrics as dvclive; one that is not installed is named."""

import socket
import sys
import time
from types import SimpleNamespace

import pytest

from emotion.training.trackers import TRACKERS, open_tracker
from tests.user_errors import user_error


@pytest.mark.slow
@pytest.mark.parametrize("configured", [True, False])
def test_mlflow_stores_curves_params_and_summary(train, tmp_path, monkeypatch, configured):
    """As installed too: mlflow-skinny has no database, which its default store needs."""
    import mlflow

    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_ALLOW_FILE_STORE"):
        monkeypatch.delenv(name, raising=False)
    if configured:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "store").as_uri())
    mlflow.set_tracking_uri(None)
    checkpoint = train(tracker="mlflow")
    assert list((tmp_path / ("store" if configured else "mlruns")).rglob("val_macro_f1"))
    [run] = mlflow.search_runs(output_format="list")
    client = mlflow.MlflowClient()
    logged = [point.value for point in client.get_metric_history(run.info.run_id, "val_macro_f1")]
    assert logged == pytest.approx(checkpoint.history["val_macro_f1"])
    assert run.data.params["batch_size"] == "8"
    assert run.data.metrics["best_epoch"] == checkpoint.epoch
    assert run.info.status == "FINISHED"


@pytest.fixture
def wandb(monkeypatch):
    """The run of a stand-in for wandb; `logged` has (epoch, values)."""
    run = SimpleNamespace(logged=[], summary={}, finish=lambda: None)
    run.log = lambda values, step: run.logged.append((step, values))
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=lambda **_: run))
    return run


def test_wandb_receives_each_epoch_and_the_summary(train, wandb):
    checkpoint = train(tracker="wandb")
    assert [step for step, _ in wandb.logged] == [1, 2, 3]
    assert wandb.logged[0][1]["val_acc"] == checkpoint.history["val_acc"][0]
    assert wandb.summary["best_epoch"] == checkpoint.epoch


@pytest.mark.parametrize(("name", "package"), [("mlflow", "mlflow-skinny"), ("wandb", "wandb")])
def test_a_tracker_that_is_not_installed_is_named_with_its_package(name, package, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with user_error(name, key="train.tracker", hint=f"`pip install {package}`"):
        TRACKERS[name]({})


@pytest.mark.slow
def test_a_dead_tracking_server_is_reported_in_seconds(monkeypatch):
    import mlflow

    with socket.create_server(("127.0.0.1", 0)) as server:  # accepts, and never answers
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
        mlflow.set_tracking_uri(None)
        started = time.monotonic()
        with user_error("mlflow", key="train.tracker", hint="none"):
            open_tracker("mlflow", {})
        assert time.monotonic() - started < 30


def test_a_tracker_that_fails_later_does_not_end_training(train, wandb, capsys):
    calls = []

    def log(*_, **__):
        calls.append(1)
        raise ConnectionError("the server \x1b[2J is gone")

    wandb.log = log
    assert train(tracker="wandb").epoch
    assert len(calls) == 1
    out = capsys.readouterr().out
    [warning] = [line for line in out.splitlines() if "WARNING" in line and "wandb" in line]
    assert "ConnectionError" in warning
    assert "\x1b[2J" not in out
