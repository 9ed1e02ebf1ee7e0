"""A mistake in any section of params.yaml is found first, before an output is deleted."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ruamel.yaml import YAML

from emotion.models.sources.pretrained import PretrainedParams
from stages import check_params, paths
from tests.conftest import make_checkpoint
from tests.test_pipeline import OWNERS
from tests.user_errors import user_error

ROOT = Path.cwd()
STAGES = yaml.safe_load(Path("dvc.yaml").read_text())["stages"]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The shipped params.yaml and dvc.yaml; returns a function that sets values in the former."""
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(name, tmp_path)
    monkeypatch.chdir(tmp_path)

    def change(**values):
        yaml_ = YAML()
        params = yaml_.load(ROOT / "params.yaml")
        for name, value in values.items():
            section, _, key = name.rpartition("__")
            (params[section] if section else params)[key] = value
        yaml_.dump(params, tmp_path / "params.yaml")

    return change


def test_the_shipped_values_pass_and_the_output_is_always_the_same(project):
    check_params.main()
    before = paths.CHECKED_PARAMS.read_bytes()
    project(train__seed=7, evaluate__bootstrap=500)
    check_params.main()
    assert paths.CHECKED_PARAMS.read_bytes() == before


def test_every_section_of_the_settings_is_checked():
    checked = {**check_params.DATA, **check_params.NETWORK, **check_params.RESULT}
    assert checked == {None: PretrainedParams, **OWNERS}


WRONG = {
    "draw_faces__subjects": 0,
    "data__format": "xls",
    "data__root": "data/raw/gone",
    "data__labels": {"happy": "/../../tmp/x"},
    "class_weights__alpha": float("inf"),
    "class_weights__aplha": 1.0,
    "train__lr_bacbone": 1e-7,
    "train__img_size": 4000,
    "train__workers": 500,
    "train__teacher": "/tmp/teacher.pth",
    "evaluate__bootstrap": 1_000_000_000,
    "explain__methods": ["gradcam"],
    "export_onnx__rows": -1,
    "publish__repoid": "a/b",
    "publish__license": "<b>",
    "model_type": "resnet5O",
    "pretrained": "data/weights/none.pth",
    "moddel_type": "resnet50",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_in_any_section_is_refused_by_its_name(project, name):
    project(**{name: WRONG[name]})
    with user_error(name.replace("__", ".")):
        check_params.main()
    assert not paths.CHECKED_PARAMS.exists()


@pytest.mark.parametrize(
    "value",
    [
        "hf_hub:owner",
        "hf_hub:owner/name",
        "local-dir:/etc",
        "mobilenetv1_100.vggface",
        "x" * 10_000,
    ],
)
def test_a_model_that_cannot_be_had_is_refused(project, value):
    project(model_type=value)
    with user_error(key="model_type") as caught:
        check_params.main()
    assert len(str(caught.value)) < 500


def test_a_part_of_a_section_is_checked_too(project):
    project(train__augment={"rotatoin": 3, "erase": 2})
    with user_error("train.augment.erase", "2", key="train.augment.rotatoin"):
        check_params.main()


def test_files_of_data_weights_are_accepted(project):
    paths.OWN_WEIGHTS.mkdir(parents=True)
    make_checkpoint().save(paths.OWN_WEIGHTS / "t.pth")
    project(train__teacher="data/weights/t.pth", pretrained="data/weights/t.pth")
    check_params.main()


def upstream(name: str) -> set[str]:
    """The stages that DVC runs before this one."""
    outputs = {
        (next(iter(out)) if isinstance(out, dict) else out): stage
        for stage, block in STAGES.items()
        for out in block.get("outs", [])
    }
    direct = {
        stage
        for dep in STAGES[name]["deps"]
        for out, stage in outputs.items()
        if dep == out or dep.startswith(f"{out}/") or out.startswith(f"{dep}/")
    }
    return direct.union(*map(upstream, direct))


@pytest.mark.parametrize("name", [name for name in STAGES if name not in ("code", "check_params")])
def test_every_stage_runs_after_the_check(name):
    assert "check_params" in upstream(name)


@pytest.mark.slow
def test_nothing_is_deleted_for_a_mistake(project, tmp_path):
    """With DVC itself: all is up to date, then a key is misspelled."""
    shutil.copytree(ROOT / "emotion", "emotion", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "stages", "stages", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".dvcignore", ".")
    project(draw_faces__subjects=2, draw_faces__images_per_subject=1, data__root="data/drawn_faces")
    folders = [str(Path(sys.executable).parent), os.environ["PATH"]]
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1", "PATH": os.pathsep.join(folders)}

    def dvc(*arguments):
        command = [sys.executable, "-m", "dvc", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert dvc("init", "--no-scm").returncode == 0
    first = dvc("repro", "draw_faces")
    assert first.returncode == 0, first.stderr
    faces = sorted(path.name for path in (tmp_path / "data/drawn_faces").rglob("*"))
    assert "up to date" in dvc("repro", "draw_faces").stdout

    project(
        draw_faces__subjects=3,
        draw_faces__images_per_subject=1,
        data__root="data/drawn_faces",
        publish__psuh=True,
    )
    refused = dvc("repro", "draw_faces")
    assert refused.returncode != 0
    assert "publish.psuh" in refused.stderr
    assert "publish.push" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert sorted(path.name for path in (tmp_path / "data/drawn_faces").rglob("*")) == faces
