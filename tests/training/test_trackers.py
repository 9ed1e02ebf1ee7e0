"""Trackers receive settings, curves and test scores; without them nothing fails or changes."""

import hashlib
import json
import os
import socket
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from emotion.core import files
from emotion.training import fit as fitting
from emotion.training.state import RunState
from emotion.training.tracked_settings import settings_of_run
from emotion.training.trackers import TRACKERS, TrackedRun, log_scores, open_tracker
from tests.training.conftest import QUICK, paths_in
from tests.user_errors import user_error

SCORES = {"accuracy": 0.75, "ece": None}


@pytest.fixture
def store(tmp_path, monkeypatch):
    """MLflow with its store of files, as mlflow-skinny has no other."""
    import mlflow

    mlflow.set_tracking_uri(None)  # deletes the variable
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "store").as_uri())
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    yield mlflow
    mlflow.set_tracking_uri(None)


@pytest.fixture
def model(tmp_path):
    """A file in the place of the checkpoint."""
    files.write_bytes(tmp_path / "best_model.pth", b"weights")
    return tmp_path / "best_model.pth"


@pytest.mark.slow
def test_mlflow_stores_settings_curves_and_scores_of_one_run(train, tmp_path, store, model):
    checkpoint = train(tracker="mlflow")
    log_scores(tmp_path / "log_timing.json", SCORES, model)
    [run] = store.search_runs(output_format="list")
    client = store.MlflowClient()
    logged = [point.value for point in client.get_metric_history(run.info.run_id, "val_macro_f1")]
    assert logged == pytest.approx(checkpoint.history["val_macro_f1"])
    assert run.data.params["train.batch_size"] == "8"
    assert run.data.metrics["best_epoch"] == checkpoint.epoch
    assert run.data.metrics["test_accuracy"] == SCORES["accuracy"]
    assert "test_ece" not in run.data.metrics
    assert run.data.tags["model_md5"] == hashlib.md5(b"weights").hexdigest()
    assert run.info.status == "FINISHED"


@pytest.mark.slow
@pytest.mark.usefixtures("store")
def test_without_a_server_mlflow_writes_to_a_folder(train, tmp_path, monkeypatch):
    """As installed: mlflow-skinny has no database, which its default store needs."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    train(tracker="mlflow", epochs=1)
    assert list((tmp_path / "mlruns").rglob("val_macro_f1"))


@pytest.mark.slow
def test_mlflow_takes_what_it_has_limits_for(store):
    tracker = open_tracker(
        "mlflow", {f"p.{i}": i for i in range(250)} | {"data.labels": "x" * 9000}
    )
    tracker.log({"val_loss": float("nan")}, 1)
    tracker.end({"weights": "ä" * 9000})
    run = store.get_run(tracker.run_id)
    assert len(run.data.params) == 251
    assert run.info.status == "FINISHED"


@pytest.fixture
def wandb(monkeypatch):
    """A stand-in for wandb: `runs` by id, with config, `logged`, `summary` and exit code."""
    runs = {}

    def init(id=None, resume=None, **started):
        if (id in runs) != (resume == "must"):
            raise ValueError(f"run {id}, resume={resume}")
        run = runs.get(id) or SimpleNamespace(
            id=f"run{len(runs)}", logged=[], summary={}, **started
        )
        runs[run.id] = run
        run.log = lambda values, step: run.logged.append((step, values))
        run.finish = lambda exit_code: setattr(run, "exit_code", exit_code)
        return run

    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=init, runs=runs))
    return sys.modules["wandb"]


def test_wandb_receives_settings_epochs_summary_and_scores(
    train, tmp_path, wandb, model, monkeypatch
):
    monkeypatch.setenv("DVC_EXP_NAME", "loud-newt")
    monkeypatch.setenv("DVC_EXP_BASELINE_REV", "abc123")
    monkeypatch.delenv("WANDB_DISABLE_GIT", raising=False)
    checkpoint = train(tracker="wandb")
    log_scores(tmp_path / "log_timing.json", SCORES, model)
    [run] = wandb.runs.values()
    assert run.name == "loud-newt"
    assert run.config["git_commit"] == "abc123"
    assert run.config["train.augment.erase"] == QUICK.augment.erase
    assert [step for step, _ in run.logged] == [1, 2, 3]
    assert run.logged[0][1]["val_acc"] == checkpoint.history["val_acc"][0]
    assert run.summary["best_epoch"] == checkpoint.epoch
    assert run.summary["test_accuracy"] == SCORES["accuracy"]
    assert run.exit_code == 0
    assert os.environ["WANDB_DISABLE_GIT"] == "true"  # a remote may have a token in its address


@pytest.fixture
def killed_after_two_epochs(monkeypatch):
    """The state of two epochs is saved; then the process ends without another line of code."""
    save = RunState.save

    def save_and_die(self, content):
        save(self, content)
        if len(content["logger"]["seconds"]) == 2:
            raise BaseExceptionGroup("killed", [SystemExit()])

    with monkeypatch.context() as patch:
        patch.setattr(RunState, "save", save_and_die)
        patch.setattr(fitting.RunLogger, "__exit__", lambda *_: None)
        yield patch


def test_a_run_that_was_killed_is_continued(train, wandb, killed_after_two_epochs):
    with pytest.raises(BaseExceptionGroup):
        train(tracker="wandb")
    killed_after_two_epochs.undo()
    train(tracker="wandb")
    [run] = wandb.runs.values()
    assert [step for step, _ in run.logged] == [1, 2, 3]
    assert run.summary["best_epoch"]


def test_a_run_that_was_killed_goes_on_where_the_tracker_is_gone(
    train, wandb, killed_after_two_epochs, capsys
):
    with pytest.raises(BaseExceptionGroup):
        train(tracker="wandb")
    killed_after_two_epochs.undo()
    wandb.runs.clear()
    assert train(tracker="wandb").epoch
    out = capsys.readouterr().out
    assert "resuming after epoch 2" in out
    assert out.count("WARNING: wandb") == 1


def test_a_run_that_fails_is_marked(train, wandb, monkeypatch):
    def open_and_fail(*arguments):
        arguments[-1].open_tracker()
        raise KeyboardInterrupt

    monkeypatch.setattr(fitting, "run_epochs", open_and_fail)
    with pytest.raises(KeyboardInterrupt):
        train(tracker="wandb")
    [run] = wandb.runs.values()
    assert run.exit_code == 1


def test_without_a_tracker_no_file_names_one(train, tmp_path, model):
    train(epochs=1)
    timing = tmp_path / "log_timing.json"
    keys = {"epoch_seconds", "total_seconds", "images_per_second", "machine"}
    assert set(json.loads(timing.read_text())) == keys
    log_scores(timing, SCORES, model.with_name("missing"))  # neither read nor sent


@pytest.mark.parametrize(
    ("run", "named"),
    [
        (TrackedRun(tracker="wandb", run_id="gone"), "gone"),
        (TrackedRun(tracker="mlflow", run_id="a"), "pip install mlflow-skinny"),
        (TrackedRun(tracker="of a later version", run_id="a"), "of a later version"),
        (TrackedRun(tracker="wandb", run_id="../../x"), "../../x"),
    ],
)
def test_scores_that_cannot_be_sent_are_one_line(
    tmp_path, wandb, model, monkeypatch, capsys, run, named
):
    assert not wandb.runs
    monkeypatch.setitem(sys.modules, "mlflow", None)
    files.write_json(tmp_path / "timing.json", vars(run))
    log_scores(tmp_path / "timing.json", SCORES, model)
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert named in out


@pytest.mark.parametrize(("name", "package"), [("mlflow", "mlflow-skinny"), ("wandb", "wandb")])
def test_a_tracker_that_is_not_installed_is_named_with_its_package(name, package, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with user_error(name, key="train.tracker", hint=f"`pip install {package}`"):
        TRACKERS[name]({})


@pytest.mark.slow
@pytest.mark.usefixtures("store")
def test_a_dead_tracking_server_is_reported_in_seconds(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:  # accepts, and never answers
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
        started = time.monotonic()
        with user_error("mlflow", key="train.tracker", hint="none"):
            open_tracker("mlflow", {})
        assert time.monotonic() - started < 30


def test_no_password_or_token_is_printed(wandb, tmp_path, model, monkeypatch, capsys):
    monkeypatch.setenv("WANDB_API_KEY", "0123abcd")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")

    def fail(**_):
        raise ConnectionError("false: http://me:hunter2@host/ refused key 0123abcd\nAgain.")

    wandb.init = fail
    with pytest.raises(ValueError, match="refused") as caught:
        open_tracker("wandb", {})
    files.write_json(tmp_path / "timing.json", {"tracker": "wandb", "run_id": "a"})
    log_scores(tmp_path / "timing.json", SCORES, model)
    for text in (str(caught.value), capsys.readouterr().out):
        assert "hunter2" not in text
        assert "0123abcd" not in text
        assert "ConnectionError: false: http://***@host/ refused key *** Again" in text


def test_a_tracker_that_fails_later_does_not_end_training(train, wandb, capsys):
    calls, init = [], wandb.init

    def log(*_, **__):
        calls.append(1)
        raise ConnectionError("the server \x1b[2J is gone")

    def init_run_that_fails(**arguments):
        run = init(**arguments)
        run.log = log
        return run

    wandb.init = init_run_that_fails
    assert train(tracker="wandb").epoch
    assert len(calls) == 1
    out = capsys.readouterr().out
    [warning] = [line for line in out.splitlines() if "WARNING" in line and "wandb" in line]
    assert "ConnectionError" in warning
    assert "\x1b[2J" not in out


def test_settings_have_the_names_that_dvc_exp_run_takes(tmp_path):
    file = tmp_path / "params.yaml"
    text = """
      model_type: resnet50
      pretrained: none
      launcher: python
      data: {root: data/raw, labels: {bored: neutral, 3: sad}, classes: [a, ü]}
      class_weights: {alpha: 0.4}
      publish: {repo_id: me/private}
    """
    files.write_text(file, text)
    found = settings_of_run(QUICK, file)
    assert found["model_type"] == "resnet50"
    assert found["data.root"] == "data/raw"
    assert json.loads(found["data.labels"]) == {"bored": "neutral", "3": "sad"}
    assert found["data.classes"] == '["a", "ü"]'
    assert found["class_weights.alpha"] == 0.4
    assert found["train.seed"] == QUICK.seed
    assert not [name for name in found if name.startswith(("publish", "launcher"))]
    assert {name.partition(".")[0] for name in settings_of_run(QUICK, None)} == {"train"}


@pytest.mark.parametrize("content", ["", "data: null", "model_type: x\ndata: {}"])
def test_sections_that_are_missing_are_left_out(tmp_path, content):
    files.write_text(tmp_path / "params.yaml", content)
    assert settings_of_run(QUICK, tmp_path / "params.yaml")["train.seed"] == QUICK.seed


def test_the_committed_settings_can_be_recorded():
    found = settings_of_run(QUICK, Path("params.yaml"))
    assert {"data.root", "class_weights.alpha", "train.augment.erase"} <= set(found)
    assert all(isinstance(value, str | int | float | None) for value in found.values())
    assert paths_in(Path()).params_file is None
