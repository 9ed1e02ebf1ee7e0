"""`from emotion import ...`: few names, documented, typed, and imported when they are used."""

import inspect
import json
import re
import shutil
import subprocess
import sys
import tomllib
import typing
import venv
from pathlib import Path

import numpy as np
import PIL
import pytest

import emotion
from emotion import Predictor

SCRIPT = """\
from emotion import Face, Prediction, Predictor, UserError, __version__

predictor = Predictor.load("models/model.onnx")
reveal_type(predictor)
reveal_type(predictor.predict("face.jpg"))
reveal_type(predictor.predict_faces(b""))
reveal_type(predictor.predict_batch([])[0].face)
from emotion import Predctor
predictor.predict(1)
"""
# Line of the script, and how mypy's message on it starts.
MESSAGES = {
    4: 'Revealed type is "emotion.prediction.predictor.Predictor"',
    5: 'Revealed type is "emotion.prediction.result.Prediction"',
    6: 'Revealed type is "list[emotion.prediction.result.Prediction]"',
    7: 'Revealed type is "emotion.data.face.Face | None"',
    8: 'Module "emotion" has no attribute "Predctor"',
    9: 'Argument 1 to "predict" of "Predictor" has incompatible type "int"',
}


def run_python(program):
    """The JSON that a program prints."""
    command = [sys.executable, "-c", program]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def test_importing_it_loads_the_standard_library_alone():
    program = "import sys; before = {*sys.modules}; import emotion, json\n"
    program += "print(json.dumps([name for name in sys.modules if name not in before]))"
    loaded = {name.split(".")[0] for name in run_python(program)}
    assert loaded - set(sys.stdlib_module_names) == {"emotion"}


def test_a_predictor_of_it_loads_no_torch():
    program = "import sys, json, emotion; emotion.Predictor\n"
    program += "print(json.dumps([name in sys.modules for name in ('onnxruntime', 'torch')]))"
    assert run_python(program) == [True, False]


@pytest.mark.parametrize("name", emotion.__all__)
def test_every_public_name_resolves_and_is_documented(name):
    value = getattr(emotion, name)
    if name != "__version__":
        assert value.__name__ == name
        assert value.__module__.startswith("emotion.")
        assert value.__doc__
        assert not value.__doc__.startswith(f"{name}(")  # what a dataclass without one is given


def test_its_names_are_those_that_can_be_listed_and_no_others():
    assert dir(emotion) == sorted(set(emotion.__all__)) == emotion.__all__
    everything = {}
    exec("from emotion import *", everything)
    assert everything.keys() - {"__builtins__"} == set(emotion.__all__)
    with pytest.raises(AttributeError, match="module 'emotion' has no attribute 'Predctor'"):
        emotion.Predctor  # noqa: B018


def test_every_class_that_a_prediction_holds_is_public():
    waiting = [
        typing.get_type_hints(method)["return"]
        for method in (Predictor.predict, Predictor.predict_batch, Predictor.predict_faces)
    ]
    found = set()
    while waiting:
        kind = waiting.pop()
        waiting += typing.get_args(kind)
        if inspect.isclass(kind) and kind.__module__.startswith("emotion.") and kind not in found:
            found.add(kind)
            waiting += typing.get_type_hints(kind).values()
    assert found == {emotion.Prediction, emotion.Face}


def test_every_file_that_is_no_code_is_in_the_wheel():
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    listed = {
        Path(*package.split("."), name)
        for package, names in project["tool"]["setuptools"]["package-data"].items()
        for name in names
    }
    files = {file for file in Path("emotion").rglob("*") if file.is_file()}
    assert {file for file in files if file.suffix not in {".py", ".pyc"}} == listed


@pytest.mark.slow
def test_a_strict_type_checker_knows_the_types_of_an_installed_package(tmp_path):
    venv.create(tmp_path / "venv", symlinks=True)
    [site] = (tmp_path / "venv").glob("lib/python*/site-packages")
    shutil.copytree("emotion", site / "emotion", ignore=shutil.ignore_patterns("__pycache__"))
    for package in (np, PIL):
        (site / package.__name__).symlink_to(Path(package.__file__).parent)
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-pretty", "--hide-error-codes"]
    command += ["--python-executable", tmp_path / "venv/bin/python", "script.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    shown = [line for line in done.stdout.splitlines() if line.startswith("script.py:")]
    assert len(shown) == len(MESSAGES), done.stdout
    for line, (number, message) in zip(shown, MESSAGES.items(), strict=True):
        assert re.match(rf"script.py:{number}: \w+: {re.escape(message)}", line), done.stdout
