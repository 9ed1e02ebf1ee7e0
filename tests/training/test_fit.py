"""A whole run: what it keeps, that it repeats byte for byte, and that every switch trains."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
import torch

from emotion.core.errors import UserError
from emotion.data.cache import CachedImages, cache_images
from emotion.inference import predict_logits
from emotion.losses import LOSSES
from emotion.metrics import accuracy, macro_f1
from emotion.training import fit as fit_module
from emotion.training.fit import run_epochs
from emotion.training.loading import soft_targets
from emotion.training.processes import Processes
from emotion.training.schedules import SCHEDULES
from tests.training.conftest import QUICK


def test_two_runs_give_the_same_bytes(train, tmp_path):
    for name in ("a", "b"):
        train().save(tmp_path / name / "best_model.pth")
    a, b = ((tmp_path / name / "best_model.pth").read_bytes() for name in "ab")
    assert a == b


def test_another_seed_gives_other_weights(train):
    a, b = train(epochs=1, seed=1), train(epochs=1, seed=2)
    assert not torch.equal(a.state_dict["head.0.weight"], b.state_dict["head.0.weight"])


def test_the_saved_network_has_the_validation_figures_that_it_was_kept_for(train, striped_rows):
    checkpoint = train()
    rows = striped_rows[16:]
    cached = cache_images(list(rows["path"]), 32, checkpoint.interpolation, "val")
    images = CachedImages(cached)
    predicted = predict_logits(checkpoint.build_model(), images, checkpoint).argmax(axis=1)
    labels = rows["label"].map({"happy": 0, "sad": 1}).to_numpy()
    assert checkpoint.val_macro_f1 == macro_f1(labels, predicted, 2)
    assert checkpoint.val_accuracy == accuracy(labels, predicted)


def test_history_and_curves_tell_the_same_epochs(train, tmp_path):
    checkpoint = train()
    assert {len(values) for values in checkpoint.history.values()} == {3}
    lines = (tmp_path / "log/plots/metrics/val_macro_f1.tsv").read_text().splitlines()
    assert [line.split("\t")[0] for line in lines] == ["step", "1", "2", "3"]
    curve = [float(line.split("\t")[1]) for line in lines[1:]]
    assert curve == pytest.approx(checkpoint.history["val_macro_f1"])
    summary = json.loads((tmp_path / "log/metrics.json").read_text())
    assert summary["best_epoch"] == checkpoint.epoch
    assert summary["best_val_macro_f1"] == pytest.approx(checkpoint.val_macro_f1)
    assert summary["weights"] == "random"
    assert summary["total_seconds"] > 0


def test_timings_stay_out_of_the_checkpoint(train):
    assert not [name for name in train(epochs=1).history if "second" in name or "time" in name]


def test_the_backbone_stands_still_while_frozen_and_moves_after(train):
    frozen = train(epochs=1, freeze_backbone_epochs=1).state_dict
    also_frozen = train(epochs=2, freeze_backbone_epochs=2).state_dict
    moved = train(epochs=2, freeze_backbone_epochs=0, use_ema=False, patience=9).state_dict
    name = "backbone.conv1.0.weight"
    assert torch.equal(frozen[name], also_frozen[name])
    assert not torch.equal(frozen[name], moved[name])
    buffer = "backbone.bn1.running_mean"
    assert torch.equal(frozen[buffer], also_frozen[buffer])


def test_learning_rates_in_the_history_follow_the_two_stages(train):
    history = train(epochs=3, freeze_backbone_epochs=1).history
    assert history["lr_backbone"][0] == 0
    assert history["lr_head"][0] == pytest.approx(1e-3)  # the end of the warm-up
    assert history["lr_backbone"][1] > history["lr_backbone"][2] > 0


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
        {"layer_decay": 0.7},
        {"loss": "ldam", "reweight_from": 0.5},
        {"use_mixup": True, "mixup_off_epochs": 1},
        {"statistics": "all"},
    ],
    ids=str,
)
def test_every_switch_trains(train, switch):
    checkpoint = train(epochs=2, **switch)
    assert np.isfinite(checkpoint.history["train_loss"]).all()
    assert all(t.isfinite().all() for t in checkpoint.state_dict.values())


def test_gradients_are_clipped_to_their_norm(train, tmp_path):
    def last_norm(clip):
        train(statistics="all", grad_clip_norm=clip)
        rows = pd.read_csv(tmp_path / "log" / "statistics.csv")
        last = rows[(rows["epoch"] == rows["epoch"].max()) & (rows["kind"] == "gradient")]
        return np.linalg.norm(last["l2"])

    assert last_norm(1e6) > 0.02
    assert last_norm(0.01) == pytest.approx(0.01, rel=1e-3)


def test_class_weights_change_what_is_learned(train):
    plain = train(epochs=1)
    weighted = train(epochs=1, class_weights={"happy": 0.1, "sad": 1.9})
    ignored = train(epochs=1, class_weights={"happy": 0.1, "sad": 1.9}, use_class_weights=False)
    name = "head.4.bias"
    assert not torch.equal(plain.state_dict[name], weighted.state_dict[name])
    assert torch.equal(plain.state_dict[name], ignored.state_dict[name])


def test_a_diverging_run_ends_in_a_sentence(train, monkeypatch):
    monkeypatch.setitem(LOSSES, "cross_entropy", lambda logits, *_: logits.sum() * float("inf"))
    with pytest.raises(UserError, match=r"diverged: 20 steps in a row.*lower lr_backbone"):
        train(epochs=20, patience=20)


class ScriptedTrainer:
    """Plays back validation scores in place of training."""

    def __init__(self, scores, **params):
        self.params = dataclasses.replace(QUICK, epochs=len(scores), **params)
        self.scores, self.journal, self.evaluated, self.epoch = scores, self, None, 0
        self.statuses = []
        self.processes, self.model = Processes(), None

    def load(self):
        return None

    def save(self, content):
        pass

    def state(self):
        return {}

    def train_epoch(self, epoch):
        self.epoch = epoch
        return {}

    def validate(self, _):
        return {"val_macro_f1": self.scores[self.epoch - 1], "val_acc": -self.epoch}

    def log_epoch(self, *told):
        self.statuses.append(told[-2])


@pytest.fixture
def no_weights(monkeypatch):
    monkeypatch.setattr(fit_module, "copy_state", lambda _: {})


@pytest.mark.usefixtures("no_weights")
def test_training_stops_after_patience_epochs_without_a_gain():
    trainer = ScriptedTrainer([0.1, 0.5, 0.4, 0.5, 0.4, 0.9], patience=3)
    assert run_epochs(trainer, None, trainer)["epoch"] == 2
    assert trainer.statuses == ["best", "best", "no gain 1/3", "no gain 2/3", "early stop"]


@pytest.mark.usefixtures("no_weights")
def test_frozen_epochs_do_not_wear_the_patience_out():
    scores = [0.5, 0.4, 0.4, 0.4, 0.6]
    trainer = ScriptedTrainer(scores, patience=2, freeze_backbone_epochs=3)
    assert run_epochs(trainer, None, trainer)["epoch"] == 5


@pytest.mark.usefixtures("no_weights")
def test_a_gain_below_min_delta_is_none():
    trainer = ScriptedTrainer([0.5, 0.505, 0.52], min_delta=0.01)
    assert run_epochs(trainer, None, trainer)["epoch"] == 3
    assert trainer.statuses[1] == "no gain 1/5"


@pytest.mark.usefixtures("no_weights")
def test_accuracy_can_be_monitored_instead():
    trainer = ScriptedTrainer([0.1, 0.2, 0.3], monitor="accuracy")  # accuracy falls
    assert run_epochs(trainer, None, trainer)["epoch"] == 1


def test_soft_labels_of_the_manifest_become_the_targets():
    rows = pd.DataFrame(
        {"label": ["sad", "happy"], "share_happy": ["0.3", "0"], "share_sad": ["0.9", "0"]}
    )
    targets = soft_targets(rows, np.array([1, 0]), {"happy": 0, "sad": 1})
    # 0.3 and 0.9 are a quarter and three quarters; a row that nobody voted on keeps its label
    assert targets.tolist() == [[0.25, 0.75], [1.0, 0.0]]
    hard = soft_targets(rows[["label"]], np.array([1, 0]), {"happy": 0, "sad": 1})
    assert hard.tolist() == [[0.0, 1.0], [1.0, 0.0]]
