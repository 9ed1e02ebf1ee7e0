"""A whole run: the epoch that is kept, reproducible bytes, and training with every setting."""

import numpy as np
import pandas as pd
import pytest
import torch

from emotion.core import files
from emotion.core.reports import TrainingTime, read_report
from emotion.core.seeding import derive_seed
from emotion.data.cache import CacheParams
from emotion.data.transforms import AugmentParams
from emotion.metrics.scores import accuracy, macro_f1
from emotion.models.inference import predict_logits
from emotion.models.sources.pretrained import load_initial_model
from emotion.training.loading import load_split
from emotion.training.losses import LOSSES
from emotion.training.objective import Objective
from emotion.training.schedules import SCHEDULES
from emotion.training.trainer import Trainer
from tests.user_errors import user_error


def test_two_runs_give_the_same_bytes(train, tmp_path):
    for name in ("a", "b"):
        train().save(tmp_path / name / "best_model.pth")
    a, b = ((tmp_path / name / "best_model.pth").read_bytes() for name in "ab")
    assert a == b


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 2},
        {"augment": AugmentParams(crop_area=1.0, rotation=0.0, color=0.0, erase=0.0)},
        {"class_weights": {"happy": 0.1, "sad": 1.9}},
    ],
    ids=str,
)
def test_seed_augmentation_and_class_weights_change_the_weights(train, changes):
    plain, changed = (train(epochs=1, **c).state_dict["head.4.bias"] for c in ({}, changes))
    assert not torch.equal(plain, changed)


def test_class_weights_can_be_ignored(train):
    changes = {"class_weights": {"happy": 0.1, "sad": 1.9}, "use_class_weights": False}
    plain, ignored = (train(epochs=1, **c).state_dict["head.4.bias"] for c in ({}, changes))
    assert torch.equal(plain, ignored)


def test_the_saved_network_has_the_validation_metrics_that_selected_it(train, striped_rows):
    checkpoint = train()
    preprocessing = checkpoint.preprocessing
    val = load_split(striped_rows[16:], {"happy": 0, "sad": 1}, preprocessing, CacheParams())
    predicted = predict_logits(checkpoint.build_model(), val.images, preprocessing).argmax(axis=1)
    assert checkpoint.val_macro_f1 == macro_f1(val.labels, predicted, 2)
    assert checkpoint.val_accuracy == accuracy(val.labels, predicted)


def test_training_stops_early_and_keeps_the_best_epoch(train, monkeypatch):
    scores = iter([0.1, 0.5, 0.4, 0.4, 0.9])
    monkeypatch.setattr(
        Trainer,
        "validate",
        lambda *_: {"val_loss": 0.0, "val_acc": 0.0, "val_macro_f1": next(scores)},
    )
    checkpoint = train(epochs=5, patience=2)
    assert (checkpoint.epoch, checkpoint.best_value) == (2, 0.5)
    assert checkpoint.history["val_macro_f1"] == [0.1, 0.5, 0.4, 0.4]


def test_history_and_curves_have_the_same_epochs(train, tmp_path):
    checkpoint = train()
    assert {len(values) for values in checkpoint.history.values()} == {3}
    lines = (tmp_path / "log/plots/metrics/val_macro_f1.tsv").read_text().splitlines()
    assert [line.split("\t")[0] for line in lines] == ["step", "1", "2", "3"]
    curve = [float(line.split("\t")[1]) for line in lines[1:]]
    assert curve == pytest.approx(checkpoint.history["val_macro_f1"])
    summary = files.read_json(tmp_path / "log/metrics.json")
    assert summary["best_epoch"] == checkpoint.epoch
    assert summary["best_val_macro_f1"] == pytest.approx(checkpoint.val_macro_f1)
    assert summary["weights"] == "random"


def test_times_are_in_their_own_file_and_nowhere_else(train, tmp_path):
    history = train(epochs=2).history
    time = read_report(tmp_path / "log_timing.json", TrainingTime)
    assert len(time.epoch_seconds) == 2
    assert time.total_seconds == pytest.approx(sum(time.epoch_seconds))
    assert time.mean_epoch_seconds == pytest.approx(time.total_seconds / 2)
    assert time.images_per_second == pytest.approx(2 * 16 / time.total_seconds)
    summary = files.read_json(tmp_path / "log/metrics.json")
    curves = [path.stem for path in (tmp_path / "log/plots").rglob("*.tsv")]
    names = [*history, *summary, *curves]
    assert not [name for name in names if "second" in name or "time" in name]


EARLY, LATER = (
    ("conv1.0.weight", "bn1.running_mean", "layer1.0.conv1.weight"),
    "layer2.0.conv1.weight",
)


@pytest.mark.parametrize(
    ("changes", "kept", "changed"),
    [
        ({"freeze_backbone_epochs": 2}, {*EARLY, LATER}, set()),
        ({"freeze_backbone_epochs": 0, "freeze_stages": 2}, {*EARLY}, {LATER}),
        ({"freeze_backbone_epochs": 0}, set(), {*EARLY, LATER}),
    ],
    ids=["backbone", "stages", "nothing"],
)
def test_only_what_is_frozen_keeps_the_initial_weights(
    train, weights_folder, changes, kept, changed
):
    trained = train(epochs=2, use_ema=False, **changes).state_dict
    torch.manual_seed(derive_seed(7, "initial weights"))
    initial = load_initial_model(weights_folder, 32, "deep", 2)[0].backbone.state_dict()
    same = {name for name, t in initial.items() if torch.equal(t, trained[f"backbone.{name}"])}
    assert same >= kept
    assert not same & changed


def test_learning_rates_follow_the_two_stages(train):
    history = train(epochs=3, freeze_backbone_epochs=1).history
    assert history["lr_backbone"][0] == 0
    assert history["lr_head"][0] == pytest.approx(1e-3)  # the end of the warm-up
    assert history["lr_backbone"][1] > history["lr_backbone"][2] > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "switch",
    [
        *({"loss": loss} for loss in LOSSES),
        *({"scheduler": scheduler} for scheduler in SCHEDULES),
        {"head": "linear"},
        {"use_mixup": True},
        {"use_mixup": True, "use_cutmix": True},
        {"use_ema": False},
        {"sampler": "weighted", "use_class_weights": False},
        {"amp": "bf16"},
        {"monitor": "accuracy"},
        {"freeze_backbone_epochs": 0},
        {"freeze_backbone_epochs": 5},
        {"grayscale": True},
        {"accumulate_steps": 2, "use_mixup": True},
        {"loss": "ldam", "reweight_from": 0.5},
        {"statistics": "all"},
        {"augment": AugmentParams(crop_area=0.4, rotation=0.0, color=0.5, erase=1.0)},
    ],
    ids=str,
)
def test_every_setting_trains(train, switch):
    checkpoint = train(epochs=2, **switch)
    assert np.isfinite(checkpoint.history["train_loss"]).all()
    assert all(t.isfinite().all() for t in checkpoint.state_dict.values())


def test_statistics_have_the_norms_of_the_clipped_gradients(train, tmp_path):
    train(statistics="all", grad_clip_norm=0.01)
    rows = pd.read_csv(tmp_path / "log" / "statistics.csv")
    last = rows[(rows["epoch"] == rows["epoch"].max()) & (rows["kind"] == "gradient")]
    assert np.linalg.norm(last["l2"]) == pytest.approx(0.01, rel=1e-3)


SETTINGS = "train.lr_backbone (0.001), train.lr_head (0.001) or train.weight_decay (0.0001)"


def test_consecutive_steps_without_a_finite_gradient_stop_the_run(train, monkeypatch):
    monkeypatch.setitem(LOSSES, "cross_entropy", lambda logits, *_: logits.sum() * float("inf"))
    with user_error(20, key="train.lr_backbone", hint=SETTINGS):
        train(epochs=20, patience=20)


@pytest.mark.parametrize(
    "changes",
    [
        {"lr_head": 1e30, "lr_backbone": 1e30, "grad_clip_norm": 1e30},
        {"weight_decay": 1e30, "lr_head": 1e10},
    ],
    ids=["rates", "decay"],
)
def test_weights_that_become_infinite_are_divergence_and_name_the_settings(train, changes):
    value = changes["lr_head"]
    with user_error(key="train.lr_backbone", hint=f"train.lr_head ({value})"):
        train(use_ema=False, amp="off", **changes)


def test_a_run_without_a_single_step_is_no_trained_network(train, monkeypatch):
    """Few steps: the limit on consecutive ones is not reached."""
    monkeypatch.setattr(Objective, "for_batch", lambda *_: lambda logits, *_: logits.sum() * np.nan)
    with user_error(6, key="train.lr_backbone", hint=SETTINGS):
        train()
