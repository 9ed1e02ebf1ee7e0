"""prepare_splits and class_weights on noise images: all outputs, or an error and no outputs."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from emotion.core import files
from emotion.data import manifest
from stages import class_weights, paths, prepare_splits
from tests.datasets.conftest import png_that_claims
from tests.user_errors import user_error

pytestmark = pytest.mark.slow

PIPELINE = """
stages:
  prepare_splits: {cmd: x, params: [data]}
  class_weights: {cmd: x, params: [class_weights]}
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with params.yaml, dvc.yaml and a dataset of 60 images of 20 subjects."""
    monkeypatch.chdir(tmp_path)
    paths.PIPELINE.write_text(PIPELINE)
    paths.PARAMS.write_text("data: {root: faces}\n")
    root = tmp_path / "faces"
    root.mkdir()
    lines = ["path,label,subject,skin_tone"]
    for index in range(60):
        values = np.random.default_rng(index).integers(0, 256, (40, 36), dtype=np.uint8)
        Image.fromarray(values).save(root / f"{index:02d}.png")
        label = ("anger", "happy", "sadness")[index % 3]
        lines.append(f"{index:02d}.png,{label},s{index // 3},{index % 10}")
    (root / "labels.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def outputs(project):
    return {
        str(path.relative_to(project)): path.read_bytes()
        for folder in ("data", "models", "metrics", "plots")
        for path in sorted((project / folder).rglob("*"))
        if path.is_file()
    }


def test_all_outputs_are_written_and_consistent(project, capsys):
    prepare_splits.main()
    class_weights.main()
    assert set(outputs(project)) == {
        "data/splits/train.csv",
        "data/splits/val.csv",
        "data/splits/test.csv",
        "data/splits/rejected.csv",
        "data/class_weights.json",
        "models/label_map.json",
        "data/unpacked/README.txt",
        "plots/prepare_splits/report.json",
        "plots/prepare_splits/figures/class_distribution.png",
        "plots/prepare_splits/figures/contact_angry.png",
        "plots/prepare_splits/figures/contact_happy.png",
        "plots/prepare_splits/figures/contact_sad.png",
        "plots/prepare_splits/figures/duplicates.png",
    }
    rows = pd.concat([manifest.read_manifest(paths.SPLITS / f"{s}.csv") for s in manifest.SPLITS])
    assert sorted(rows["path"]) == [f"faces/{index:02d}.png" for index in range(60)]
    assert set(zip(rows["width"], rows["height"], strict=True)) == {(36, 40)}
    assert list(rows.columns) == [*manifest.COLUMNS, "skin_tone"]
    numbers = files.read_json(paths.SPLITS_REPORT)
    assert numbers["rows"] == {"total": 60, "train": 42, "val": 9, "test": 9, "rejected": 0}
    assert numbers["subjects"] == {"train": 14, "val": 3, "test": 3}
    assert files.read_json(paths.LABEL_MAP) == {"angry": 0, "happy": 1, "sad": 2}
    weights = files.read_json(paths.CLASS_WEIGHTS)
    assert weights == {"angry": 1.0, "happy": 1.0, "sad": 1.0}
    out = capsys.readouterr().out
    for count in ("60 images", "train 42", "val 9", "test 9"):
        assert count in out


def test_outputs_do_not_depend_on_the_row_order(project):
    prepare_splits.main()
    before = outputs(project)
    header, *lines = (project / "faces" / "labels.csv").read_text().splitlines()
    (project / "faces" / "labels.csv").write_text("\n".join([header, *lines[::-1]]) + "\n")
    prepare_splits.main()
    assert outputs(project) == before


def truncate(image, _):
    image.write_bytes(image.read_bytes()[:700])


def damage(image, _):
    data = image.read_bytes()
    image.write_bytes(data[:60] + b"\xff" * 30 + data[90:])


def replace_by(image):
    return lambda path, _: image.save(path)


def relabel(label):
    return lambda _, table: table.write_text(
        table.read_text().replace("07.png,happy", f"07.png,{label}")
    )


def move_outside(image, table):
    image.rename(image.parents[1] / "07.png")
    table.write_text(table.read_text().replace("07.png,happy", "../07.png,happy"))


BAD = {
    "truncated": truncate,
    "missing": lambda image, _: image.unlink(),
    "not an image": lambda image, _: image.write_text("no image"),
    "unreadable": damage,
    "too small": replace_by(Image.new("L", (40, 31), 7)),
    "decompression bomb": lambda image, _: png_that_claims(image, 30_000, 30_000),
    "blank": replace_by(Image.new("L", (40, 40), 7)),
    "unknown label": relabel("bored"),
    "outside data.root": move_outside,
}


@pytest.mark.parametrize("reason", BAD)
def test_every_reason_is_reported_before_any_output_is_written(project, reason):
    if reason != "truncated":
        prepare_splits.main()
    before = outputs(project)
    BAD[reason](project / "faces" / "07.png", project / "faces" / "labels.csv")
    named = "'bored' (1)" if reason == "unknown label" else "07.png"
    with user_error("1 of 60", f"1 {reason}", named, hint="data.max_rejected from 0.01 to 0.0167"):
        prepare_splits.main()
    assert outputs(project) == before


def test_tolerated_images_are_listed_and_left_out(project):
    (project / "faces" / "07.png").unlink()
    paths.PARAMS.write_text("data: {root: faces, max_rejected: 0.02}\n")
    prepare_splits.main()
    header, row = paths.REJECTED.read_text().splitlines()
    assert header == "path,label,reason,detail"
    assert row.startswith('07.png,happy,missing,"looked for at ')
    assert str(project / "faces" / "07.png") in row
    assert files.read_json(paths.SPLITS_REPORT)["rows"]["rejected"] == 1
    class_weights.main()  # reads train.csv


@pytest.mark.parametrize("stage", ["prepare_splits", "class_weights"])
def test_the_stage_starts_without_torch(stage):
    code = f"import sys, stages.{stage}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
