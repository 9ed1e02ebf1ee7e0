"""dvc.yaml, params.yaml, stages/ and the committed results agree."""

import ast
import dataclasses
import hashlib
import importlib
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo
from ruamel.yaml import YAML

import stages.code
from emotion.core.params import load_params
from emotion.data.cache import CacheParams
from emotion.data.class_weights import ClassWeightParams
from emotion.data.crop_params import CropParams
from emotion.datasets.drawn_faces.dataset import DataRootParams, DrawFacesParams
from emotion.datasets.params import DataParams
from emotion.evaluation.params import EvaluateParams
from emotion.explanation.params import ExplainParams
from emotion.export.hub.upload import PublishParams
from emotion.export.params import ExportParams, LicenseParams
from emotion.models.sources.own_checkpoints import OwnCheckpointParams
from emotion.models.sources.pretrained import PretrainedParams
from emotion.training.params import NetworkParams, TrainParams
from stages.run import fingerprint_of

PIPELINE = yaml.safe_load(Path("dvc.yaml").read_text())
STAGES = PIPELINE["stages"]
SCORES_TEST_SPLIT = ("evaluate", "explain", "export_onnx")
PARAMS = YAML(typ="safe").load(Path("params.yaml").read_text())

# Settings of each stage: its section of params.yaml (None: fields at the top level) and its schema.
SETTINGS = {
    "code": [],
    "check_params": [],  # params.yaml as a whole is its dependency
    "draw_faces": [("draw_faces", DrawFacesParams), ("data", DataRootParams)],
    "prepare_splits": [("data", DataParams)],
    "class_weights": [("class_weights", ClassWeightParams)],
    "pretrained_weights": [(None, PretrainedParams), ("train", OwnCheckpointParams)],
    "sanity_checks": [("train", NetworkParams), ("data", CropParams)],
    "train": [("train", TrainParams), ("data", CropParams)],
    "evaluate": [
        ("evaluate", EvaluateParams),
        ("train", CacheParams),
    ],
    "explain": [("explain", ExplainParams)],
    "export_onnx": [
        ("export_onnx", ExportParams),
        ("publish", LicenseParams),
    ],
    "publish": [("publish", PublishParams)],
}


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_depends_on_its_code_by_its_fingerprint_alone(name):
    code = {d for d in STAGES[name]["deps"] if d.startswith(("emotion", "stages", "data/code"))}
    assert code == ({"emotion", "stages"} if name == "code" else {f"data/code/{name}.txt"})


def test_every_stage_runs_after_the_fingerprints_and_has_one(tmp_path, monkeypatch):
    assert next(iter(STAGES)) == "code"
    assert STAGES["code"]["outs"] == ["data/code"]
    monkeypatch.setattr("stages.paths.CODE", tmp_path)
    monkeypatch.setattr("stages.paths.SOURCES", tmp_path / "sources.txt")
    stages.code.main()
    assert {path.stem for path in tmp_path.iterdir()} == set(STAGES) - {"code"} | {"sources"}


def test_one_script_per_stage():
    scripts = {p.stem for p in Path("stages").glob("*.py")} - {"__init__", "paths", "run"}
    assert scripts == set(STAGES) == set(SETTINGS)


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_is_described_and_runs_its_own_script(name):
    assert 0 < len(STAGES[name]["desc"]) <= 80
    launcher = "${launcher}" if name == "train" else "python"  # or torchrun
    assert STAGES[name]["cmd"] == f"{launcher} -m stages.{name}"
    docstring = importlib.import_module(f"stages.{name}").__doc__
    assert "Reads " in docstring
    assert "Writes " in docstring


OWNERS = {section: schema for name in STAGES for section, schema in SETTINGS[name][:1] if section}
OWNERS["train"] = TrainParams


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_depends_on_exactly_the_params_it_reads(name):
    read = set()
    for section, schema in SETTINGS[name]:
        fields = {field.name for field in dataclasses.fields(schema)}
        if section is None:
            read |= fields
        elif OWNERS[section] is schema:
            read.add(section)
        else:  # some keys of another stage's section
            read |= {f"{section}.{field}" for field in fields}
    assert set(STAGES[name].get("params", [])) == read


def test_params_yaml_has_every_key_of_every_schema_and_no_other():
    expected = {"launcher": None}  # read by dvc.yaml itself
    for section, schema in [*OWNERS.items(), (None, PretrainedParams)]:
        fields = {field.name for field in dataclasses.fields(schema)}
        expected |= {section: fields} if section else dict.fromkeys(fields)
    assert set(PARAMS) == set(expected)
    for section, fields in expected.items():
        if fields is not None:
            assert set(PARAMS[section]) == fields, section


@pytest.mark.parametrize("name", STAGES)
def test_the_committed_params_are_accepted(name):
    for section, schema in SETTINGS[name]:
        load_params(schema, Path("params.yaml"), Path("dvc.yaml"), section, partial=True)


@pytest.mark.shipped
def test_values_that_differ_from_the_recipe_name_the_recipes_value():
    text = Path("params.yaml").read_text(encoding="utf-8")
    sections = {None: PretrainedParams, "train": TrainParams, "class_weights": ClassWeightParams}
    for section, schema in sections.items():
        part = (
            text if section is None else re.search(rf"^{section}:\n((?:  .*\n|\n)+)", text, re.M)[1]
        )
        for field in dataclasses.fields(schema):
            value = (PARAMS[section] if section else PARAMS)[field.name]
            default = field.default
            if dataclasses.is_dataclass(default):  # a section inside the section
                default = dataclasses.asdict(default)
            [line] = re.findall(rf"^ *{field.name}: .*$", part, re.MULTILINE)
            recipe = re.search(r"recipe: ([^,;]+)", line)
            assert bool(recipe) == (value != default), line
            assert recipe is None or YAML(typ="safe").load(recipe[1]) == default, line


@pytest.mark.parametrize("name", [name for name in STAGES if name not in SCORES_TEST_SPLIT])
def test_no_other_stage_reads_the_test_split(name):
    assert not [d for d in STAGES[name]["deps"] if "test.csv" in d or d == "data/splits"]
    if name != "prepare_splits":
        assert "test.csv" not in Path(f"stages/{name}.py").read_text()


@pytest.mark.parametrize("name", ["train", "explain"])
def test_expensive_stages_cache_all_their_outputs(name):
    entries = [out for out in STAGES[name]["outs"] if isinstance(out, dict)]
    assert not any("cache" in settings for entry in entries for settings in entry.values())


@pytest.mark.parametrize(
    "path", [*Path("emotion").rglob("*.py"), *Path("stages").glob("*.py")], ids=str
)
def test_a_file_fits_its_budget(path):
    budget = 40 if path.stem in STAGES and path.parent.name == "stages" else 250
    assert len(path.read_text(encoding="utf-8").splitlines()) <= budget


@pytest.mark.parametrize(
    "path", [*Path("emotion").rglob("*.py"), *Path("stages").glob("*.py")], ids=str
)
def test_a_function_fits_on_a_screen(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < 60, f"{path}:{node.lineno} {node.name}"


RENEW = "run `dvc repro` and commit dvc.lock with the metrics (see CONTRIBUTING.md)"


@pytest.mark.shipped
@pytest.mark.parametrize("name", [name for name in STAGES if name != "code"])
def test_dvc_lock_is_of_this_code(name):
    """The file itself is in the cache of DVC alone."""
    locked = yaml.safe_load(Path("dvc.lock").read_text(encoding="utf-8"))["stages"][name]["deps"]
    [recorded] = [dep["md5"] for dep in locked if dep["path"] == f"data/code/{name}.txt"]
    assert hashlib.md5(fingerprint_of(name).encode()).hexdigest() == recorded, RENEW


@pytest.mark.shipped
def test_dvc_lock_is_of_these_params_and_files():
    """Files in Git are as dvc.lock records them; images and models exist only after `dvc repro`."""
    stale, checked = [], 0
    with Repo(".") as repo:
        for stage in repo.index.stages:
            for entry in [*stage.deps, *stage.outs] if stage.name != "code" else []:
                if in_git(str(entry)):
                    checked += 1
                    stale += [f"{stage.name}: {entry}"] if entry.status() else []
    assert checked >= len(STAGES)  # params of each, and metrics
    assert not stale, RENEW


def in_git(path: str) -> bool:
    """Whether Git tracks this file, or something in this folder."""
    listed = subprocess.run(
        ["git", "ls-files", "--", path], capture_output=True, text=True, check=True
    )
    return bool(listed.stdout)
