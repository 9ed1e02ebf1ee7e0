"""Faces are drawn for whoever uses them, and for nobody else."""

import shutil
from pathlib import Path

import pytest
import yaml

from stages import draw_faces, paths


@pytest.fixture
def run_with_root(tmp_path, monkeypatch):
    """Run the stage for this `data.root`; returns the files that it leaves."""
    shutil.copy("dvc.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)

    def run(root):
        sections = {
            "draw_faces": {"subjects": 1, "images_per_subject": 1, "size": 32},
            "data": {"root": str(root), "format": "csv"},
        }
        Path("params.yaml").write_text(yaml.safe_dump(sections))
        draw_faces.main()
        return sorted(path.name for path in paths.DRAWN_FACES.rglob("*.*"))

    return run


DRAWN = ["labels.csv", "s0000_00.jpg", "s0000_00.png", "s0000_00.png"]


@pytest.mark.parametrize(
    "root", ["data/drawn_faces", "./data/drawn_faces/", "data/drawn_faces/images", "data", "."]
)
def test_faces_are_drawn_where_the_dataset_has_them(run_with_root, root):
    assert run_with_root(root) == DRAWN


@pytest.mark.parametrize("root", ["data/raw/mine", "data/drawn_faces_2", "/elsewhere"])
def test_another_dataset_has_no_faces_drawn(run_with_root, capsys, root):
    run_with_root("data/drawn_faces")
    capsys.readouterr()
    assert run_with_root(root) == ["README.txt"]
    line = f"no faces are drawn, because data.root is {root}\n"
    assert capsys.readouterr().out == line
    assert (paths.DRAWN_FACES / "README.txt").read_text() == line


def test_a_link_to_the_drawn_faces_is_the_drawn_faces(run_with_root):
    run_with_root("data/drawn_faces")
    Path("mine").symlink_to("data/drawn_faces")
    assert run_with_root("mine") == DRAWN
