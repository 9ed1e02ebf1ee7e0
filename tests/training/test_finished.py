"""A finished network takes the place of training, with the record of the run that made it."""

import dataclasses

import pytest
import torch

from emotion.core.reports import TrainingSummary, TrainingTime, read_report
from emotion.models.sources.own_checkpoints import FINISHED_FILE
from tests.user_errors import user_error


@pytest.fixture
def finished(train, weights_folder):
    """The checkpoint of a run, put where `pretrained_weights` puts train.checkpoint."""
    checkpoint = train(log="first")
    checkpoint.save(weights_folder / FINISHED_FILE)
    return checkpoint


@pytest.fixture
def change(finished, weights_folder):
    """Replace fields of the finished network."""
    return lambda **changes: dataclasses.replace(finished, **changes).save(
        weights_folder / FINISHED_FILE
    )


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


def test_the_scores_and_the_ingredients_of_an_average_are_its_own(change, train, tmp_path):
    change(ingredients=["a", "b"], val_accuracy=0.9, val_macro_f1=0.8)
    train(log="second")
    summary = read_report(tmp_path / "second/metrics.json", TrainingSummary)
    assert summary.ingredients == "a, b"
    assert (summary.best_val_accuracy, summary.best_val_macro_f1) == (0.9, 0.8)


@pytest.mark.parametrize(
    ("changes", "named", "hint"),
    [
        ({"data_hash": "other"}, ["data/splits/"], "emotion evaluate"),
        ({"model_type": "resnet18"}, ["resnet18", "test_resnet"], "model_type"),
        ({"weights_source": "npm"}, ["npm", "pretrained: none"], "pretrained"),
        ({"class_names": ["sad", "happy"]}, ["sad, happy"], "happy, sad"),
    ],
    ids=str,
)
def test_another_network_or_one_of_other_data_is_refused(train, change, changes, named, hint):
    change(**changes)
    with user_error(*named, key="train.checkpoint", hint=hint):
        train()
