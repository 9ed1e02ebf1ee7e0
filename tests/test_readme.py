"""The README's tree and commands are those of the repository."""

import json
import re
from pathlib import Path

import yaml

from benchmarks import bench_recipe

README = Path("README.md").read_text(encoding="utf-8")


def test_every_stage_and_part_is_in_the_tree_and_the_reverse():
    tree = README.split("```text\n")[1].split("```")[0]
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
    targets = set(re.findall(r"^(\w+):", Path("Makefile").read_text(), flags=re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make (\w+)", README, flags=re.MULTILINE))
    assert named
    assert named <= targets


def test_every_image_that_is_shown_exists():
    shown = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    assert shown
    assert all(Path(path).is_file() for path in shown)


def test_the_table_of_switches_is_that_of_the_benchmark():
    runs = json.loads(bench_recipe.RESULTS.read_text(encoding="utf-8"))["runs"]
    assert bench_recipe.as_table(runs) in README
