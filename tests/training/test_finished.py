"""A finished network takes the place of training, with the record of the run that made it."""

import dataclasses
import shutil

import pytest
import torch

from emotion.core.errors import UserError
from emotion.core.reports import TrainingSummary, TrainingTime, read_report
from emotion.models.sources.own_checkpoints import FINISHED_FILE
from emotion.models.sources.pretrained import PretrainedParams, fetch_pretrained


@pytest.fixture
def finished(train, weights_folder):
    """The checkpoint of a run, put where `pretrained_weights` puts train.checkpoint."""
    checkpoint = train(log="first")
    checkpoint.save(weights_folder / FINISHED_FILE)
    return checkpoint


def change(checkpoint, weights_folder, **changes):
    dataclasses.replace(checkpoint, **changes).save(weights_folder / FINISHED_FILE)


def test_the_network_is_taken_unchanged_whatever_the_recipe_says(finished, train):
    taken = train(log="second", seed=99, epochs=30)
    for field in dataclasses.fields(finished):
        mine, theirs = getattr(finished, field.name), getattr(taken, field.name)
        assert field.name == "state_dict" or mine == theirs
    assert finished.state_dict.keys() == taken.state_dict.keys()
    assert all(torch.equal(t, taken.state_dict[name]) for name, t in finished.state_dict.items())


@pytest.mark.usefixtures("finished")
def test_the_curves_are_those_of_the_run_that_made_it_and_it_took_no_time(train, tmp_path):
    train(log="second")
    plots = [sorted((tmp_path / log / "plots").rglob("*.tsv")) for log in ("first", "second")]
    assert len(plots[0]) == len(plots[1]) > 0
    assert [p.read_text() for p in plots[0]] == [p.read_text() for p in plots[1]]
    first, second = (
        read_report(tmp_path / log / "metrics.json", TrainingSummary) for log in ("first", "second")
    )
    assert first == second
    time = read_report(tmp_path / "second_timing.json", TrainingTime)
    assert (time.total_seconds, time.images_per_second, time.mean_epoch_seconds) == (0, 0, 0)


def test_the_scores_and_the_members_of_an_average_are_its_own(
    finished, train, weights_folder, tmp_path
):
    change(finished, weights_folder, members=["a", "b"], val_accuracy=0.9, val_macro_f1=0.8)
    train(log="second")
    summary = read_report(tmp_path / "second/metrics.json", TrainingSummary)
    assert summary.members == "a, b"
    assert (summary.best_val_accuracy, summary.best_val_macro_f1) == (0.9, 0.8)


def test_a_network_of_other_splits_is_refused(finished, train, weights_folder):
    change(finished, weights_folder, data_hash="other")
    with pytest.raises(UserError, match="other splits than data/splits/, so our test split may h"):
        train()


def test_another_network_or_other_initial_weights_are_refused(finished, train, weights_folder):
    change(finished, weights_folder, model_type="resnet18")
    with pytest.raises(UserError, match=r"is a resnet18 .* model_type is test_resnet"):
        train()
    change(finished, weights_folder, weights_source="npm")
    with pytest.raises(
        UserError, match=r"started from 'npm', but .* set model_type and pretrained"
    ):
        train()


def test_other_classes_are_refused(finished, train, weights_folder):
    change(finished, weights_folder, class_names=["sad", "happy"])
    with pytest.raises(UserError, match=r"train\.checkpoint has the classes sad, happy"):
        train()


@pytest.mark.usefixtures("finished")
def test_without_it_training_runs_again(train, weights_folder, tmp_path):
    shutil.rmtree(weights_folder)
    fetch_pretrained(
        PretrainedParams(model_type="test_resnet", pretrained="none"), weights_folder, tmp_path
    )
    assert len(train(epochs=1).history["val_loss"]) == 1
