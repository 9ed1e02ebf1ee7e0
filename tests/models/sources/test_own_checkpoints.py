"""Own checkpoints are stored with the initial weights, so that training depends on their bytes."""

from dataclasses import replace

import pytest
import torch

from emotion.data.crop_params import AS_IS, CropParams
from emotion.models.sources.own_checkpoints import (
    FINISHED_FILE,
    TEACHER_FILE,
    OwnCheckpointParams,
    fetch_checkpoints,
    load_own_checkpoint,
)
from tests.conftest import make_checkpoint
from tests.user_errors import user_error

CLASSES = ["angry", "happy", "sad"]
ROLES = pytest.mark.parametrize(
    ("setting", "name"), [("teacher", TEACHER_FILE), ("checkpoint", FINISHED_FILE)]
)


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own").mkdir()
    (tmp_path / "weights").mkdir()
    make_checkpoint().save(tmp_path / "own" / "t.pth")
    return (tmp_path / "own").relative_to(tmp_path)


def fetch(own, **settings):
    fetch_checkpoints(OwnCheckpointParams(**settings), own.parent / "weights", own)
    return own.parent / "weights"


@ROLES
def test_the_bytes_of_the_file_are_stored(own, setting, name):
    stored = fetch(own, **{setting: "own/t.pth"})
    [file] = stored.iterdir()
    assert file.read_bytes() == (own / "t.pth").read_bytes()
    assert file.name == name
    assert load_own_checkpoint(stored, name, CLASSES, AS_IS).epoch == 3


@ROLES
def test_no_file_of_an_earlier_run_is_left(own, setting, name):
    fetch(own, **{setting: "own/t.pth"})
    stored = fetch(own)
    assert not list(stored.iterdir())
    assert load_own_checkpoint(stored, name, CLASSES, AS_IS) is None


@ROLES
def test_other_classes_are_rejected(own, setting, name):
    stored = fetch(own, **{setting: "own/t.pth"})
    with user_error("angry, happy, sad", key=f"train.{setting}", hint="happy, angry, sad"):
        load_own_checkpoint(stored, name, ["happy", "angry", "sad"], AS_IS)


@ROLES
def test_another_crop_is_rejected(own, setting, name):
    checkpoint = make_checkpoint()
    cropped = replace(checkpoint.preprocessing, faces="box", face_margin=1.25)
    replace(checkpoint, preprocessing=cropped).save(own / "t.pth")
    stored = fetch(own, **{setting: "own/t.pth"})
    assert load_own_checkpoint(stored, name, CLASSES, CropParams(faces="box", face_margin=1.25))
    for crop in (CropParams(faces="box"), CropParams(faces="aligned", face_margin=1.25), AS_IS):
        with user_error("box, margin 1.25", key=f"train.{setting}", hint="data.face_margin"):
            load_own_checkpoint(stored, name, CLASSES, crop)


def test_the_margin_of_images_that_are_not_cropped_does_not_matter(own):
    stored = fetch(own, teacher="own/t.pth")
    assert load_own_checkpoint(
        stored, TEACHER_FILE, CLASSES, CropParams(faces="as_is", face_margin=1.25)
    )


def test_a_missing_teacher_is_not_said_to_be_made_by_training(own):
    with user_error("own/none.pth", key="train.teacher", hint="own/none.pth") as caught:
        fetch(own, teacher="own/none.pth")
    assert "dvc repro train" not in str(caught.value)


def test_a_file_that_is_no_checkpoint_is_rejected_before_training(own):
    torch.save([1, 2], own / "list.pth")
    with user_error(file="list.pth"):
        fetch(own, teacher="own/list.pth")


def test_a_finished_network_with_a_teacher_is_a_contradiction(own):
    with user_error("train.teacher", key="train.checkpoint"):
        fetch(own, teacher="own/t.pth", checkpoint="own/t.pth")
