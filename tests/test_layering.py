"""Arrows run one way: each part of emotion/ imports only what this table allows."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

MAY_IMPORT = {
    "core": set(),
    "datasets": {"core"},
    "drawing": {"core"},
    "inspection": {"core"},
    "grouping": {"core"},
    "splits": {"core"},
    "class_weights": {"core"},
    "data": {"core"},
    "models": {"core"},
    "losses": {"core"},
    "metrics": {"core"},
    "inference": {"core", "data"},  # it runs a network over the images of data
    "preparation": {"core", "datasets", "inspection", "grouping", "splits", "figures"},
    "audit": {"core", "datasets", "inspection", "grouping"},
    "training": {"core", "data", "models", "losses", "metrics", "inference"},
    "figures": {"core"},
    "uncertainty": {"core", "metrics"},
    "evaluation": {"core", "data", "models", "metrics", "inference", "uncertainty", "figures"},
    "averaging": {"core", "data", "models", "metrics", "inference"},
    "comparison": {"core", "metrics", "uncertainty", "figures"},
    "explainers": {"core", "models"},
    "faithfulness": {"core", "models", "explainers"},
    "explanation": {
        "core",
        "data",
        "models",
        "explainers",
        "faithfulness",
        "uncertainty",
        "figures",
    },
    "export": {"core", "data", "models", "metrics", "uncertainty"},
    "hub": {"core"},
    "detection": {"core"},
    "prediction": {"core", "data", "models", "explainers", "detection"},
    "serving": {"core", "prediction", "detection"},
    "predict": {"core", "prediction"},
    "serve": {"core", "prediction", "serving"},
    "evaluate": {
        "core",
        "datasets",
        "inspection",
        "grouping",
        "prediction",
        "evaluation",
    },
    "compare": {"core", "comparison"},
    "pr_report": {"core", "comparison"},
    "backbones": {"core", "models"},
    "soup": {"core", "data", "models", "comparison", "averaging"},
    "verify": {"core"},
    "cli": {
        *("core", "predict", "serve", "audit", "evaluate", "compare", "backbones", "soup"),
        "verify",
    },
}

# Heavy packages are imported only by the parts that need them.
HOMES = {
    "shap": {"explainers"},
    "lime": {"explainers"},
    "pytorch_grad_cam": {"explainers"},
    "captum": {"explainers"},
    "onnx": {"export"},
    "onnxruntime": {"export", "prediction", "detection"},
    "huggingface_hub": {"core", "models", "hub"},  # core imports it in functions only
    "dvclive": {"training"},
    "jinja2": {"hub"},
    "cleanlab": {"evaluation"},
    "dvc": {"comparison"},
    "fastapi": {"serving"},
    "uvicorn": {"serving", "serve"},
    "cv2": {"drawing", "explanation", "prediction"},
}
WITHOUT_TORCH = (
    "core",
    "datasets",
    "drawing",
    "inspection",
    "grouping",
    "splits",
    "preparation",
    "class_weights",
    "hub",
    "detection",
    "serving",
    "serve",
    "predict",
    "cli",
    "audit",
    "figures",
    "uncertainty",
    "comparison",
    "compare",
    "pr_report",
)
# Prediction with an ONNX file runs where nothing else is installed.
LIGHT = ("predict", "cli", "prediction", "detection")
# Modules of these that are imported only for what needs torch or OpenCV.
HEAVY = {"checkpoint_file", "overlay", "video"}
LIGHT_PACKAGES = {"numpy", "onnxruntime", "PIL"}


def files_of(part: str) -> list[Path]:
    """The modules of a part, which is a folder or one file."""
    root = Path("emotion") / part
    return sorted(root.rglob("*.py")) if root.is_dir() else [root.with_suffix(".py")]


@cache
def modules_imported(path: Path) -> set[str]:
    """Dotted names in the import statements of a file, `from a import b` as `a.b`."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def parts_imported(path: Path) -> set[str]:
    """The parts of emotion/ that a file names."""
    return {name.split(".")[1] for name in modules_imported(path) if name.startswith("emotion.")}


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_imports_point_down(part):
    for file in files_of(part):
        assert parts_imported(file) <= MAY_IMPORT[part] | {part}, file


def test_every_part_is_in_the_table():
    found = {p.stem for p in Path("emotion").iterdir() if not p.name.startswith("__")}
    assert found == set(MAY_IMPORT)


@pytest.mark.parametrize("package", HOMES)
def test_heavy_packages_are_imported_only_where_they_are_needed(package):
    users = {
        part
        for part in MAY_IMPORT
        for file in files_of(part)
        if package in {name.split(".")[0] for name in modules_imported(file)}
    }
    assert users == HOMES[package]


@pytest.mark.parametrize("part", WITHOUT_TORCH)
def test_parts_of_the_light_stages_do_not_import_torch(part):
    for file in files_of(part):
        roots = {name.split(".")[0] for name in modules_imported(file)}
        assert not roots & {"torch", "torchvision", "timm"}, file


@pytest.mark.parametrize("part", LIGHT)
def test_prediction_with_an_onnx_file_imports_light_packages_only(part):
    for file in files_of(part):
        if file.stem in HEAVY:
            continue
        roots = {name.split(".")[0] for name in modules_imported(file)}
        assert roots <= LIGHT_PACKAGES | set(sys.stdlib_module_names) | {"emotion"}, file


def test_the_library_imports_no_stage_and_names_no_folder_of_the_repository():
    folders = ("data/splits", "models/best_model", "models/pretrained", "metrics/", "plots/")
    command = Path("emotion/soup.py")  # on the repository itself: it reads models of revisions
    for file in {*Path("emotion").rglob("*.py")} - {command}:
        assert "stages" not in {n.split(".")[0] for n in modules_imported(file)}, file
        paths = [
            node.value
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            if node.value.startswith(folders) and "\n" not in node.value and " " not in node.value
        ]
        assert not paths, file
