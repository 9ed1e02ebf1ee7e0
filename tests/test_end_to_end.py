"""All stages, on a few drawn faces and a tiny network, in one process."""

import importlib
import shutil
from pathlib import Path

import onnxruntime
import pandas as pd
import pytest
import yaml

from emotion import Predictor
from emotion.core import files
from emotion.core.files import sha256_of

ROOT = Path.cwd()
STAGES = list(yaml.safe_load(Path("dvc.yaml").read_text())["stages"])

# Small values on top of the schemas' defaults: the values of params.yaml are the user's to change.
PARAMS = {
    "model_type": "test_efficientnet",
    "pretrained": "none",
    "launcher": "python",
    "draw_faces": {"subjects": 14, "images_per_subject": 12, "size": 56, "difficulty": 0.2},
    "data": {"root": "data/drawn_faces", "format": "csv"},
    "class_weights": {},
    "train": {
        "img_size": 48,
        "batch_size": 16,
        "epochs": 3,
        "freeze_backbone_epochs": 1,
        "lr_backbone": 1e-3,
        "use_mixup": False,
        "ema_decay": 0.99,
    },
    "evaluate": {},
    "explain": {"shap_samples": 4, "lime_samples": 40},
    "export_onnx": {"rows": 8},
    "publish": {},
}

# Outputs that must have the same bytes in every run.
REPRODUCED = (
    "data/splits/train.csv",
    "data/splits/test.csv",
    "data/predictions/test.csv",
    "models/best_model.pth",
    "models/calibration.json",
    "models/model.onnx",
    "models/model.safetensors",
    "metrics/evaluate.json",
    "metrics/onnx.json",
    "metrics/predictions.csv",
    "metrics/train/metrics.json",
    "plots/evaluate/figures/reliability.png",
    "plots/evaluate/report.json",
    "plots/explain/figures/overview.png",
    "plots/explain/report.json",
    "plots/sanity_checks/report.json",
)


def run_pipeline(folder: Path, monkeypatch) -> None:
    """Run every stage in `folder`, which holds only dvc.yaml and small params."""
    folder.mkdir()
    shutil.copy(ROOT / "dvc.yaml", folder)
    (folder / "params.yaml").write_text(yaml.safe_dump(PARAMS))
    monkeypatch.setenv("DVC_TEST", "true")
    monkeypatch.chdir(folder)
    for stage in STAGES:
        importlib.import_module(f"stages.{stage}").main()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished pipeline's folder."""
    folder = tmp_path_factory.mktemp("first") / "pipeline"
    with pytest.MonkeyPatch.context() as monkeypatch:
        run_pipeline(folder, monkeypatch)
    return folder


@pytest.mark.slow
def test_two_runs_give_the_same_bytes(finished, tmp_path, monkeypatch):
    run_pipeline(tmp_path / "second", monkeypatch)
    for name in REPRODUCED:
        assert sha256_of(finished / name) == sha256_of(tmp_path / "second" / name), name


@pytest.mark.slow
def test_no_subject_is_in_two_splits(finished):
    subjects = [
        set(pd.read_csv(finished / f"data/splits/{split}.csv")["subject"])
        for split in ("train", "val", "test")
    ]
    assert all(subjects)
    assert sum(map(len, subjects)) == len(set.union(*subjects)) == 14


@pytest.mark.slow
def test_evaluate_reproduces_the_validation_score_of_training(finished):
    trained = files.read_json(finished / "metrics/train/metrics.json")
    evaluated = files.read_json(finished / "plots/evaluate/report.json")
    assert evaluated["val"]["macro_f1"] == pytest.approx(trained["best_val_macro_f1"], abs=1e-6)
    assert evaluated["weights"] == "random"


@pytest.mark.slow
def test_every_score_is_present(finished):
    report = files.read_json(finished / "plots/evaluate/report.json")
    for key in ("accuracy", "macro_f1", "nll", "ece"):
        assert isinstance(report["test"][key], float)
    assert set(report["per_class"]) == set(files.read_json(finished / "models/label_map.json"))
    assert report["model_type"] == PARAMS["model_type"]


@pytest.mark.slow
def test_few_metrics_are_declared_and_all_are_numbers(finished):
    """DVC prints one column per number; what it cannot subtract, it shows as a dash."""
    files_of_metrics = yaml.safe_load((ROOT / "dvc.yaml").read_text())["metrics"]
    assert len(files_of_metrics) <= 3
    metrics = [files.read_json(finished / path) for path in files_of_metrics]
    names = [name for values in metrics for name in values]
    assert len(set(names)) == len(names) <= 20
    numbers = [number for values in metrics for number in values.values()]
    assert all(type(number) in (int, float) for number in numbers)


@pytest.mark.slow
def test_the_hub_folder_is_complete_and_its_model_runs(finished):
    hub = finished / "models/hub"
    card = (hub / "README.md").read_text()
    assert "random" in card.lower()  # random weights are always disclosed
    for name in ("best_model.pth", "model.onnx", "label_map.json", "preprocessing.json"):
        assert (hub / name).is_file()
    session = onnxruntime.InferenceSession(hub / "model.onnx")
    assert [output.name for output in session.get_outputs()] == ["logits", "probabilities"]


@pytest.mark.slow
def test_prediction_agrees_with_evaluation_whatever_the_model_file(finished, monkeypatch):
    monkeypatch.chdir(finished)
    expected = pd.read_csv("data/predictions/test.csv").head(20)
    for name in ("model.onnx", "best_model.pth", "model.safetensors", "hub"):
        predictor = Predictor.load(f"models/{name}")
        assert predictor.model.synthetic_fraction == 1
        answers = predictor.predict_batch(list(expected["path"]))
        assert [answer.label for answer in answers] == list(expected["predicted"])
        confidences = [max(answer.probabilities.values()) for answer in answers]
        assert confidences == pytest.approx(list(expected["confidence"]), abs=1e-4)
