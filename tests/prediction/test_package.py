"""The package installs with light dependencies only, predicts, and matches requirements.txt."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from emotion import Predictor
from emotion.export.onnx_model import save_onnx
from tests.conftest import make_calibration, make_checkpoint
from tests.data.conftest import draw_party
from tests.export.conftest import export
from tests.prediction.conftest import write_onnx

PROJECT = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]


def pinned():
    """Package to version, of requirements.txt."""
    lines = Path("requirements.txt").read_text(encoding="utf-8").splitlines()
    requirements = [Requirement(line.split("#")[0]) for line in lines if line.split("#")[0].strip()]
    assert all([s.operator for s in r.specifier] == ["=="] for r in requirements)
    return {canonicalize_name(r.name): next(iter(r.specifier)).version for r in requirements}


def test_requirements_txt_pins_every_dependency_of_the_package_within_its_range():
    pins = pinned()
    extras = dict(PROJECT["optional-dependencies"])
    assert all("==" in line for line in extras.pop("test-extras"))  # an environment of its own
    lists = [PROJECT["dependencies"], *extras.values()]
    ranges = [Requirement(line) for group in lists for line in group]
    assert {canonicalize_name(r.name) for r in ranges} == set(pins)
    for line in ranges:
        assert line.specifier.contains(pins[canonicalize_name(line.name)]), line


def assert_the_lines_of_the_readme_predict_as_the_checkpoint(python, folder):
    """With the ONNX file alone, in an environment without torch, within 1e-4."""
    checkpoint = make_checkpoint(img_size=32)
    checkpoint.save(folder / "best_model.pth")
    (folder / "models").mkdir()
    save_onnx(export(checkpoint, make_calibration()), folder / "models" / "model.onnx")
    draw_party().save(folder / "party.jpg", quality=95)
    readme = Path("README.md").read_text(encoding="utf-8")
    [lines] = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    lines += "import json, sys\nassert 'torch' not in sys.modules\n"
    lines += "faces = predictor.predict_faces('party.jpg')\n"
    lines += "print(json.dumps([list(face.probabilities.values()) for face in faces]))"
    command = [python, "-c", lines]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    *shown, found = done.stdout.splitlines()
    expected = Predictor.load(folder / "best_model.pth").predict_faces(folder / "party.jpg")
    assert len(shown) == len(expected) == 3
    values = [list(prediction.probabilities.values()) for prediction in expected]
    np.testing.assert_allclose(json.loads(found), values, atol=1e-4)


@pytest.mark.slow
@pytest.mark.network
def test_the_wheel_predicts_with_the_light_dependencies_alone(tmp_path, faces):
    run = {"check": True, "capture_output": True, "text": True}
    source = tmp_path / "source"  # a copy: setuptools leaves a build folder in its source
    shutil.copytree("emotion", source / "emotion", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(name, source)
    wheel = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", tmp_path, source]
    subprocess.run(wheel, **run)
    [built] = tmp_path.glob("emotion_pipeline-*.whl")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], **run)
    binaries = tmp_path / "venv" / "bin"
    subprocess.run([binaries / "pip", "install", built], **run)

    listed = subprocess.run([binaries / "pip", "list", "--format=freeze"], **run).stdout.lower()
    for heavy in ("torch", "pandas", "scipy", "pydantic", "dvc"):
        assert f"\n{heavy}==" not in listed
    model = write_onnx(tmp_path / "model.onnx")
    command = [binaries / "emotion", "predict", "--model", model, faces / "green.png"]
    table = subprocess.run(command, cwd=tmp_path, **run).stdout
    assert table.splitlines()[1].split()[1] == "happy"
    version = subprocess.run([binaries / "emotion", "--version"], cwd=tmp_path, **run).stdout
    assert version.split()[1] in built.name
    assert_the_lines_of_the_readme_predict_as_the_checkpoint(binaries / "python", tmp_path)
    audit = subprocess.run(
        [binaries / "emotion", "audit", "a.csv", "b.csv"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert audit.returncode == 2
    assert "emotion-pipeline[train]" in audit.stderr
