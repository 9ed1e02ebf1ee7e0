"""README.md fits a first reading, and what it says of the repository is so."""

import re
import tomllib
from pathlib import Path

import yaml

from emotion.prediction.formats import SYNTHETIC_NOTE
from tests.data.conftest import draw_party
from tests.prediction.conftest import write_onnx

README = Path("README.md").read_text(encoding="utf-8")
MOST_BYTES = 12_000


def test_it_is_short():
    assert len(README.encode()) <= MOST_BYTES


def test_the_tree_lists_exactly_the_parts_of_the_library():
    [tree] = re.findall(r"```text\n(stages/.*?)```", README, re.DOTALL)
    named = set(re.findall(r"^\s*(\w+(?:\.\w+|/)) ", tree, flags=re.MULTILINE))
    folders = (path.name for path in Path("emotion").iterdir() if path.is_dir())
    parts = {f"{name}/" for name in folders if not name.startswith("__")}
    assert named == parts | {"emotion/", "stages/", "tests/", "benchmarks/", "docs/"}


def test_the_table_of_stages_is_that_of_dvc_yaml():
    [table] = re.findall(r"^\| stage \|.*?\n\n", README, re.DOTALL | re.MULTILINE)
    named = re.findall(r"^\| `(\w+)`", table, flags=re.MULTILINE)
    assert named == list(yaml.safe_load(Path("dvc.yaml").read_text())["stages"])


def test_the_badges_say_what_pyproject_says():
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    python = Path("docs/badges/python.svg").read_text()
    assert f"Python: {project['requires-python'].removeprefix('>=')}+" in python
    assert f"License: {project['license']}" in Path("docs/badges/license.svg").read_text()


def test_the_accuracy_on_photographs_is_the_one_that_predict_prints():
    [photographs] = re.findall(r"on (\d+) of them", SYNTHETIC_NOTE)
    [accuracy] = re.findall(r"accuracy (\d\.\d+)", SYNTHETIC_NOTE)
    assert f"on {photographs} photographs its accuracy was {accuracy}, and" in README


def test_the_python_example_classifies_the_faces_of_an_image(tmp_path, monkeypatch, capsys):
    [example] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (tmp_path / "models").mkdir()
    write_onnx(tmp_path / "models" / "model.onnx")
    draw_party().save(tmp_path / "party.jpg", quality=95)
    monkeypatch.chdir(tmp_path)
    exec(example, {})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(re.search(r"\) (angry|happy|sad) 0\.\d+$", line) for line in lines)
