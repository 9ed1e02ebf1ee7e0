"""The README's tree, commands and tables are those of the repository."""

import json
import re
from pathlib import Path

import pytest
import yaml

from benchmarks import bench_accuracy, bench_explainers, bench_inference, bench_recipe, bench_soup
from emotion.cli import predict, serve
from tests.data.conftest import draw_party
from tests.prediction.conftest import write_onnx

README = Path("README.md").read_text(encoding="utf-8")
ACCURACY = Path("docs/accuracy.md").read_text(encoding="utf-8")
INFERENCE = Path("docs/inference.md").read_text(encoding="utf-8")
EXPLAINERS = Path("docs/explainers.md").read_text(encoding="utf-8")


def test_the_tree_lists_exactly_the_parts_of_the_library():
    [tree] = re.findall(r"```text\n(stages/.*?)```", README, re.DOTALL)
    named = set(re.findall(r"^\s*(\w+(?:\.py|/))", tree, flags=re.MULTILINE))
    parts = {
        p.name + ("/" if p.is_dir() else "")
        for p in Path("emotion").iterdir()
        if not p.name.startswith("__")
    }
    assert named == parts | {"emotion/", "stages/", "tests/", "benchmarks/"}


def test_every_stage_is_explained():
    for stage in yaml.safe_load(Path("dvc.yaml").read_text())["stages"]:
        assert f"`{stage}`" in README


def test_every_make_target_that_is_named_exists():
    targets = set(re.findall(r"^([\w-]+):", Path("Makefile").read_text(), flags=re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([\w-]+)", README, flags=re.MULTILINE))
    assert named
    assert named <= targets


def test_every_image_shown_exists():
    shown = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    assert shown
    assert all(Path(path).is_file() for path in shown)


@pytest.mark.shipped
def test_the_table_of_settings_is_that_of_the_benchmark():
    runs = json.loads(bench_recipe.RESULTS.read_text(encoding="utf-8"))["runs"]
    assert bench_recipe.format_table(runs) in README


@pytest.mark.shipped
def test_the_tables_of_explainers_are_those_of_the_benchmark():
    found = json.loads(bench_explainers.RESULTS.read_text(encoding="utf-8"))
    assert bench_explainers.format_methods(found["backbones"]) in EXPLAINERS
    assert bench_explainers.format_trust(found["backbones"]) in README
    assert bench_explainers.format_costs(found["seconds"]) in README


@pytest.mark.shipped
def test_the_tables_of_inference_are_those_of_the_benchmark():
    found = json.loads(bench_inference.RESULTS.read_text(encoding="utf-8"))["backbones"]
    assert bench_inference.format_summary(found) in README
    assert bench_inference.format_exports(found) in INFERENCE
    assert bench_inference.format_latency(found) in INFERENCE


@pytest.mark.shipped
def test_the_table_of_accuracies_is_that_of_the_benchmark():
    runs = json.loads(bench_accuracy.RESULTS.read_text(encoding="utf-8"))["runs"]
    assert bench_accuracy.format_table(runs) in ACCURACY
    networks = json.loads(bench_soup.RESULTS.read_text(encoding="utf-8"))["networks"]
    assert bench_soup.format_table(networks) in ACCURACY


def test_every_setting_in_a_command_exists():
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    commands = re.findall(r"-S ([\w.]+)=", README + ACCURACY)
    assert commands
    for key in commands:
        section, _, name = key.partition(".")
        assert name in params[section] if name else section in params, key


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


def test_every_option_of_a_command_exists():
    commands = re.findall(r"^emotion (predict|serve) (.*)$", README, flags=re.MULTILINE)
    assert len(commands) > 5
    for name, arguments in commands:
        help_text = {"predict": predict.build_parser, "serve": serve.build_parser}[
            name
        ]().format_help()
        for option in re.findall(r"--[\w-]+", arguments):
            assert option in help_text, option
