"""Trackers receive the same metrics as dvclive; one that is not installed is named."""

import sys
from types import SimpleNamespace

import pytest

from emotion.core.errors import UserError
from emotion.training.trackers import TRACKERS


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
