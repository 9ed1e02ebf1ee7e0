"""All ten stages, on a few drawn faces and a tiny network, in one process."""

import importlib
import shutil
from pathlib import Path

import onnxruntime
import pandas as pd
import pytest
import yaml
from ruamel.yaml import YAML

from emotion.core import files
from emotion.core.files import sha256_of

ROOT = Path.cwd()
STAGES = list(yaml.safe_load(Path("dvc.yaml").read_text())["stages"])

SMALL = {
    "model_type": "test_efficientnet",
    "pretrained": "none",
    "img_size": 48,
    "batch_size": 16,
    "epochs": 3,
    "freeze_backbone_epochs": 1,
}
SMALL_SECTIONS = {
    "draw_faces": {"subjects": 14, "images_per_subject": 12, "size": 56, "difficulty": 0.2},
    "explain": {"shap_samples": 4, "lime_samples": 40},
    "export_onnx": {"rows": 8},
}

# The outputs that must have the same bytes in every run; timings and PNG panels are elsewhere.
REPRODUCED = (
    "data/splits/train.csv",
    "data/splits/test.csv",
    "data/predictions/test.csv",
    "models/best_model.pth",
    "models/calibration.json",
    "models/model.onnx",
    "metrics/evaluate.json",
    "metrics/explain.json",
    "metrics/sanity_checks.json",
    "plots/explain/overview.png",
    "plots/evaluate/reliability.png",
)


def run_pipeline(folder: Path, monkeypatch) -> None:
    """Run every stage in `folder`, a bare copy of the repository with small params."""
    folder.mkdir()
    shutil.copy(ROOT / "dvc.yaml", folder)
    yaml_file = YAML()
    params = yaml_file.load((ROOT / "params.yaml").read_text())
    params.update(SMALL)
    for section, values in SMALL_SECTIONS.items():
        params[section].update(values)
    yaml_file.dump(params, folder / "params.yaml")
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
def test_no_person_is_on_two_sides(finished):
    subjects = [
        set(pd.read_csv(finished / f"data/splits/{split}.csv")["subject"])
        for split in ("train", "val", "test")
    ]
    assert all(subjects)
    assert sum(map(len, subjects)) == len(set.union(*subjects)) == 14


@pytest.mark.slow
def test_evaluate_finds_the_validation_score_that_training_reported(finished):
    trained = files.read_json(finished / "metrics/train/metrics.json")
    evaluated = files.read_json(finished / "metrics/evaluate.json")
    assert evaluated["val"]["macro_f1"] == pytest.approx(trained["best_val_macro_f1"], abs=1e-6)
    assert evaluated["weights"] == "random"


@pytest.mark.slow
def test_every_headline_figure_is_there(finished):
    report = files.read_json(finished / "metrics/evaluate.json")
    for key in ("accuracy", "macro_f1", "nll", "ece"):
        assert isinstance(report["test"][key], float)
    assert set(report["per_class"]) == set(files.read_json(finished / "models/label_map.json"))
    assert report["model_type"] == SMALL["model_type"]


@pytest.mark.slow
def test_the_hub_folder_is_complete_and_its_model_runs(finished):
    hub = finished / "models/hub"
    card = (hub / "README.md").read_text()
    assert "random" in card.lower()  # the start is never hidden
    for name in ("best_model.pth", "model.onnx", "label_map.json"):
        assert (hub / name).is_file()
    session = onnxruntime.InferenceSession(hub / "model.onnx")
    assert [output.name for output in session.get_outputs()] == ["logits", "probabilities"]
