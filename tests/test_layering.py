"""Arrows run one way: each room of emotion/ imports only what this table allows."""

import ast
import re
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

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
    *(f"emotion/cli/{name}.py" for name in ("audit", "pr_report")),
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


@cache
def modules_imported(path: Path, at_start: bool = False) -> set[str]:
    """Dotted names in the import statements of a file, `from a import b` as `a.b`.

    With `at_start`, only of those that run when the file is imported.
    """
    names = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif not (at_start and _runs_later(node)):
            waiting += ast.iter_child_nodes(node)
    return names


def _runs_later(node: ast.AST) -> bool:
    """A function, or the part of a file that is for the type checker alone."""
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def files_of(name: str) -> list[Path]:
    """The files of ours that an import of a dotted name runs: packages on the way, and a module."""
    parts = name.split(".")
    stems = [Path(*parts[:depth]) for depth in range(1, len(parts) + 1)]
    found = [file for stem in stems for file in (stem / "__init__.py", stem.with_suffix(".py"))]
    return [file for file in found if parts[0] in {"emotion", "stages"} and file.is_file()]


def code_reached(script: Path, at_start: bool = False) -> set[Path]:
    """Every file of ours that `script` imports, directly or not."""
    reached: set[Path] = set()
    own_name = ".".join(script.with_suffix("").parts)
    waiting = files_of(own_name)
    while waiting:
        file = waiting.pop()
        if file not in reached:
            reached.add(file)
            waiting += [
                found for name in modules_imported(file, at_start) for found in files_of(name)
            ]
    return reached


def packages_reached(script: str) -> set[str]:
    """Top-level names of the foreign packages that are imported when `script` starts."""
    files = code_reached(Path(script), at_start=True)
    return {name.split(".")[0] for file in files for name in modules_imported(file, at_start=True)}


def rooms_imported(path: Path) -> set[str]:
    """The rooms of emotion/ that a file names."""
    return {name.split(".")[1] for name in modules_imported(path) if name.startswith("emotion.")}


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
            for name in modules_imported(file, at_start=True)
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
        if package in {name.split(".")[0] for name in modules_imported(file)}
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
        assert "stages" not in {n.split(".")[0] for n in modules_imported(file)}, file
        constants = (
            node.value
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        )
        assert not [text for text in constants if known.fullmatch(text)], file
