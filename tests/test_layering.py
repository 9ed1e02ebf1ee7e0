"""Arrows run one way: each room of emotion/ imports only what this table allows."""

import ast
import re
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from emotion.core.code_fingerprint import code_reached, files_of, read_source

ENGINES = ("datasets", "training", "evaluation", "explanation", "export", "prediction")
LEARNING = ("training", "evaluation", "explanation", "export")
ROOMS = ("core", "data", "metrics", "models", *ENGINES, "cli")
# `core` imports nothing; `data`, `metrics` and `models` import downward; engines never import one
# another; only `cli` and `stages` combine engines.
MAY_IMPORT = {
    "core": set(),
    "data": {"core"},
    "metrics": {"core"},
    "models": {"core", "data"},
    "datasets": {"core", "data", "metrics"},
    **{room: {"core", "data", "models", "metrics"} for room in LEARNING},
    "prediction": {"core", "data", "models"},
    "cli": set(ROOMS),
}

# Heavy packages are imported only by the folders that need them.
HOMES = {
    "shap": {"explanation/methods"},
    "lime": {"explanation/methods"},
    "pytorch_grad_cam": {"explanation/methods"},
    "captum": {"explanation/methods"},
    "onnx": {"export"},
    "onnxruntime": {"data", "export", "prediction"},
    "huggingface_hub": {"core", "models/sources", "export/hub"},  # core: in functions only
    "dvclive": {"training"},
    "jinja2": {"export/hub"},
    "cleanlab": {"evaluation"},
    "dvc": {"evaluation/comparison"},
    "fastapi": {"prediction/serving"},
    "uvicorn": {"cli", "prediction/serving"},
    "cv2": {"datasets/drawn_faces", "explanation", "prediction"},
}
TORCH = {"torch", "torchvision", "timm"}
# What starts without torch: stages that need no network, commands, and prediction with ONNX.
WITHOUT_TORCH = (
    *(f"stages/{name}.py" for name in ("draw_faces", "prepare_splits", "class_weights", "publish")),
    *(f"emotion/cli/{name}.py" for name in ("main", "predict", "serve", "compare", "verify")),
    *(f"emotion/cli/{name}.py" for name in ("audit", "pr_report", "recipe")),
    "emotion/prediction/predictor.py",
    "emotion/prediction/serving/app.py",
    "emotion/evaluation/comparison/render.py",
    "emotion/evaluation/comparison/paired.py",
)
# Prediction with an ONNX file runs where nothing else is installed.
LIGHT = ("emotion/cli/main.py", "emotion/cli/predict.py", "emotion/prediction/predictor.py")
LIGHT += ("emotion/prediction/onnx_file.py", "emotion/prediction/drawing.py")
LIGHT += ("emotion/prediction/formats.py", "emotion/prediction/stream.py")
LIGHT_PACKAGES = {"numpy", "onnxruntime", "PIL"}


def packages_reached(script: str) -> set[str]:
    """Top-level names of the foreign packages that are imported when `script` starts."""
    files = code_reached(Path(script), at_start=True)
    names = {name for file in files for name in read_source(file).imports_at_start}
    return {name.split(".")[0] for name in names}


def rooms_imported(path: Path) -> set[str]:
    """The rooms of emotion/ that a file names, also for the type checker alone."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    names |= {a.name for node in nodes if isinstance(node, ast.Import) for a in node.names}
    return {name.split(".")[1] for name in names if name.startswith("emotion.")}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_point_down(room):
    for file in Path("emotion", room).rglob("*.py"):
        assert rooms_imported(file) <= MAY_IMPORT[room] | {room}, file


def test_every_room_is_in_the_table():
    found = {p.name for p in Path("emotion").iterdir()} - {"__init__.py", "__pycache__", "py.typed"}
    assert found == set(MAY_IMPORT)
    assert len(found) <= 11


def test_no_module_imports_itself_by_way_of_others():
    files = sorted(Path("emotion").rglob("*.py"))
    graph = {
        file: {
            target
            for name in read_source(file).imports_at_start
            for target in files_of(name)[-1:]
            if target != file and target.name != "__init__.py"
        }
        for file in files
    }
    TopologicalSorter(graph).prepare()  # raises a CycleError, which names the modules


@pytest.mark.parametrize("package", HOMES)
def test_heavy_packages_are_imported_only_where_they_are_needed(package):
    users = {
        file.parent.relative_to("emotion").as_posix()
        for file in Path("emotion").rglob("*.py")
        if package in {name.split(".")[0] for name in read_source(file).imports}
    }
    assert users == HOMES[package]


@pytest.mark.parametrize("script", WITHOUT_TORCH)
def test_what_needs_no_network_starts_without_torch(script):
    assert not packages_reached(script) & TORCH


@pytest.mark.parametrize("script", LIGHT)
def test_prediction_with_an_onnx_file_imports_light_packages_only(script):
    ours = {"emotion"} | set(sys.stdlib_module_names)
    assert packages_reached(script) <= LIGHT_PACKAGES | ours


def test_only_commands_and_stages_know_paths_of_the_repository():
    folders = [p.name for p in Path().iterdir() if p.is_dir() and not p.name.startswith(".")]
    known = re.compile(rf"({'|'.join(folders)})/\S*|(params|dvc)\.(yaml|lock)")
    for file in {*Path("emotion").rglob("*.py")} - {*Path("emotion/cli").rglob("*.py")}:
        assert "stages" not in {n.split(".")[0] for n in read_source(file).imports}, file
        constants = (
            node.value
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        )
        assert not [text for text in constants if known.fullmatch(text)], file
