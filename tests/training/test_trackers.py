"""Trackers receive the same metrics as dvclive; one that is not installed is named."""

import socket
import sys
import time
from types import SimpleNamespace

import pytest

from emotion.core.errors import UserError
from emotion.training.trackers import TRACKERS, open_tracker


@pytest.mark.slow
def test_mlflow_stores_the_curves_params_and_summary(train, tmp_path, monkeypatch):
    import mlflow

    store = (tmp_path / "mlruns").as_uri()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.set_tracking_uri(store)
    checkpoint = train(tracker="mlflow")
    [run] = mlflow.search_runs(output_format="list")
    client = mlflow.MlflowClient()
    logged = [point.value for point in client.get_metric_history(run.info.run_id, "val_macro_f1")]
    assert logged == pytest.approx(checkpoint.history["val_macro_f1"])
    assert run.data.params["batch_size"] == "8"
    assert run.data.metrics["best_epoch"] == checkpoint.epoch
    assert run.info.status == "FINISHED"


def test_wandb_receives_each_epoch_and_the_summary(train, monkeypatch):
    logged = []
    run = SimpleNamespace(
        log=lambda values, step: logged.append((step, values)), summary={}, finish=lambda: None
    )
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=lambda **_: run))
    checkpoint = train(tracker="wandb")
    assert [step for step, _ in logged] == [1, 2, 3]
    assert logged[0][1]["val_acc"] == checkpoint.history["val_acc"][0]
    assert run.summary["best_epoch"] == checkpoint.epoch


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_a_tracker_that_is_not_installed_is_named_with_its_package(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UserError, match=rf"tracker is '{name}', which is not installed: `pip"):
        TRACKERS[name]({})


@pytest.mark.slow
def test_mlflow_works_as_installed_without_any_setting(train, tmp_path, monkeypatch):
    """mlflow-skinny has no database, which its default store needs."""
    import mlflow

    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_ALLOW_FILE_STORE"):
        monkeypatch.delenv(name, raising=False)
    mlflow.set_tracking_uri(None)
    train(tracker="mlflow", epochs=1)
    assert list((tmp_path / "mlruns").rglob("val_macro_f1"))


@pytest.mark.slow
def test_a_dead_tracking_server_is_one_sentence_in_seconds(monkeypatch):
    import mlflow

    with socket.create_server(("127.0.0.1", 0)) as server:  # accepts, and never answers
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
        mlflow.set_tracking_uri(None)
        started = time.monotonic()
        with pytest.raises(UserError, match="tracker is 'mlflow', which cannot start a run"):
            open_tracker("mlflow", {})
        assert time.monotonic() - started < 30


def test_a_tracker_that_fails_later_does_not_end_training(train, monkeypatch, capsys):
    calls = []

    def log(*_, **__):
        calls.append(1)
        raise ConnectionError("the server \x1b[2J is gone")

    run = SimpleNamespace(log=log, summary={}, finish=lambda: None)
    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=lambda **_: run))
    assert train(tracker="wandb").epoch
    assert len(calls) == 1
    out = capsys.readouterr().out
    assert "WARNING: wandb failed and gets nothing more of this run" in out
    assert "\x1b[2J" not in out
