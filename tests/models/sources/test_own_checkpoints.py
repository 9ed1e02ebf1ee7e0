"""Own checkpoints are stored with the initial weights, so that training depends on their bytes."""

import pytest
import torch

from emotion.core.errors import UserError
from emotion.models.sources.own_checkpoints import (
    TEACHER_FILE,
    OwnCheckpointParams,
    fetch_checkpoints,
    load_finished,
    load_teacher,
)
from tests.conftest import make_checkpoint


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own").mkdir()
    (tmp_path / "weights").mkdir()
    make_checkpoint().save(tmp_path / "own" / "t.pth")
    return (tmp_path / "own").relative_to(tmp_path)


def fetch(own, path):
    fetch_checkpoints(OwnCheckpointParams(teacher=path), own.parent / "weights", own)
    return own.parent / "weights" / TEACHER_FILE


def test_the_bytes_of_the_file_are_stored(own):
    stored = fetch(own, "own/t.pth")
    assert stored.read_bytes() == (own / "t.pth").read_bytes()
    assert load_teacher(stored.parent, ["angry", "happy", "sad"]).epoch == 3


def test_without_a_teacher_none_of_an_earlier_run_is_left(own):
    stored = fetch(own, "own/t.pth")
    fetch(own, "")
    assert not stored.exists()
    assert load_teacher(stored.parent, ["angry"]) is None


def test_a_missing_teacher_is_not_said_to_be_made_by_training(own):
    with pytest.raises(
        UserError, match=r"train\.teacher is 'own/none\.pth', which is not a fi"
    ) as e:
        fetch(own, "own/none.pth")
    assert "dvc repro train" not in str(e.value)


def test_a_file_that_is_no_checkpoint_is_refused_before_training(own):
    torch.save([1, 2], own / "list.pth")
    with pytest.raises(UserError, match=r"list\.pth is not a checkpoint of this pipeline"):
        fetch(own, "own/list.pth")


def test_other_classes_are_refused(own):
    stored = fetch(own, "own/t.pth")
    with pytest.raises(UserError, match="the classes angry, happy, sad; it must have our classes"):
        load_teacher(stored.parent, ["happy", "angry", "sad"])


def test_a_finished_network_is_stored_beside_the_weights_too(own):
    stored = own.parent / "weights"
    fetch_checkpoints(OwnCheckpointParams(checkpoint="own/t.pth"), stored, own)
    assert load_finished(stored, ["angry", "happy", "sad"]).epoch == 3
    assert load_teacher(stored, ["angry", "happy", "sad"]) is None
    fetch_checkpoints(OwnCheckpointParams(), stored, own)
    assert load_finished(stored, ["angry", "happy", "sad"]) is None


def test_a_finished_network_with_a_teacher_is_a_contradiction(own):
    params = OwnCheckpointParams(teacher="own/t.pth", checkpoint="own/t.pth")
    with pytest.raises(UserError, match=r"instead of training, so train\.teacher would teach noth"):
        fetch_checkpoints(params, own.parent / "weights", own)
