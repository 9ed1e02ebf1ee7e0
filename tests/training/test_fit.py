"""A whole run: the epoch that is kept, reproducible bytes, and training with every setting."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
import torch

from emotion.core.errors import UserError
from emotion.core.reports import TrainingTime, read_report
from emotion.core.seeding import derive_seed
from emotion.data.cache import CacheParams, open_images
from emotion.data.transforms import AugmentParams
from emotion.metrics.scores import accuracy, macro_f1
from emotion.models.inference import predict_logits
from emotion.models.sources.pretrained import load_initial_model
from emotion.training import fit as fit_module
from emotion.training.distributed import Processes
from emotion.training.fit import run_epochs
from emotion.training.loading import load_split, soft_targets
from emotion.training.losses import LOSSES
from emotion.training.objective import Objective
from emotion.training.schedules import SCHEDULES
from emotion.training.state import RunState
from tests.conftest import preprocessing_of
from tests.training.conftest import QUICK


def test_two_runs_give_the_same_bytes(train, tmp_path):
    for name in ("a", "b"):
        train().save(tmp_path / name / "best_model.pth")
    a, b = ((tmp_path / name / "best_model.pth").read_bytes() for name in "ab")
    assert a == b


def test_another_seed_gives_other_weights(train):
    a, b = train(epochs=1, seed=1), train(epochs=1, seed=2)
    assert not torch.equal(a.state_dict["head.0.weight"], b.state_dict["head.0.weight"])


def test_the_saved_network_has_the_validation_metrics_that_selected_it(train, striped_rows):
    checkpoint = train()
    rows = striped_rows[16:]
    preprocessing = checkpoint.preprocessing
    images = open_images(list(rows["path"]), preprocessing, CacheParams())
    predicted = predict_logits(checkpoint.build_model(), images, preprocessing).argmax(axis=1)
    labels = rows["label"].map({"happy": 0, "sad": 1}).to_numpy()
    assert checkpoint.val_macro_f1 == macro_f1(labels, predicted, 2)
    assert checkpoint.val_accuracy == accuracy(labels, predicted)


def test_history_and_curves_have_the_same_epochs(train, tmp_path):
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


def test_times_are_in_their_own_file_and_nowhere_else(train, tmp_path):
    history = train(epochs=2).history
    time = read_report(tmp_path / "log_timing.json", TrainingTime)
    assert len(time.epoch_seconds) == 2
    assert time.total_seconds == pytest.approx(sum(time.epoch_seconds))
    assert time.mean_epoch_seconds == pytest.approx(time.total_seconds / 2)
    assert time.images_per_second == pytest.approx(2 * 16 / time.total_seconds)
    summary = json.loads((tmp_path / "log/metrics.json").read_text())
    curves = [path.stem for path in (tmp_path / "log/plots").rglob("*.tsv")]
    names = [*history, *summary, *curves]
    assert not [name for name in names if "second" in name or "time" in name]


def test_the_backbone_changes_only_after_it_is_unfrozen(train):
    frozen = train(epochs=1, freeze_backbone_epochs=1).state_dict
    also_frozen = train(epochs=2, freeze_backbone_epochs=2).state_dict
    unfrozen = train(epochs=2, freeze_backbone_epochs=0, use_ema=False, patience=9).state_dict
    name = "backbone.conv1.0.weight"
    assert torch.equal(frozen[name], also_frozen[name])
    assert not torch.equal(frozen[name], unfrozen[name])
    buffer = "backbone.bn1.running_mean"
    assert torch.equal(frozen[buffer], also_frozen[buffer])


def test_frozen_stages_keep_the_initial_weights_and_later_ones_do_not(train, weights_folder):
    run = {"epochs": 2, "freeze_backbone_epochs": 0}
    trained = train(freeze_stages=2, **run)
    torch.manual_seed(derive_seed(7, "initial weights"))
    initial, *_ = load_initial_model(weights_folder, 32, "deep", 2)
    before = {f"backbone.{name}": tensor for name, tensor in initial.backbone.state_dict().items()}
    for name in ("conv1.0.weight", "bn1.running_mean", "layer1.0.conv1.weight"):
        assert torch.equal(trained.state_dict[f"backbone.{name}"], before[f"backbone.{name}"])
    later = "backbone.layer2.0.conv1.weight"
    assert not torch.equal(trained.state_dict[later], before[later])
    moved = train(**run).state_dict["backbone.conv1.0.weight"]
    assert not torch.equal(moved, before["backbone.conv1.0.weight"])


def test_the_strength_of_the_augmentation_changes_the_result(train):
    weaker = AugmentParams(crop_area=1.0, rotation=0.0, color=0.0, erase=0.0)
    runs = [train(epochs=1, augment=augment) for augment in (AugmentParams(), weaker)]
    assert runs[0].history["train_loss"] != runs[1].history["train_loss"]


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
        {"layer_decay": 0.7},
        {"loss": "ldam", "reweight_from": 0.5},
        {"use_mixup": True, "mixup_off_epochs": 1},
        {"statistics": "all"},
        {"augment": AugmentParams(crop_area=0.4, rotation=0.0, color=0.5, erase=1.0)},
    ],
    ids=str,
)
def test_every_setting_trains(train, switch):
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


def test_class_weights_change_the_result_and_can_be_ignored(train):
    plain = train(epochs=1)
    weighted = train(epochs=1, class_weights={"happy": 0.1, "sad": 1.9})
    ignored = train(epochs=1, class_weights={"happy": 0.1, "sad": 1.9}, use_class_weights=False)
    name = "head.4.bias"
    assert not torch.equal(plain.state_dict[name], weighted.state_dict[name])
    assert torch.equal(plain.state_dict[name], ignored.state_dict[name])


def test_a_diverging_run_is_reported_in_one_sentence(train, monkeypatch):
    monkeypatch.setitem(LOSSES, "cross_entropy", lambda logits, *_: logits.sum() * float("inf"))
    with pytest.raises(UserError, match=r"diverged: 20 steps in a row.*lower lr_backbone"):
        train(epochs=20, patience=20)


class ScriptedTrainer:
    """Returns given validation scores instead of training."""

    def __init__(self, scores, **params):
        self.params = dataclasses.replace(QUICK, epochs=len(scores), **params)
        self.scores, self.evaluated, self.model, self.epoch = scores, None, None, 0
        self.processes = Processes()

    def state(self):
        return {}

    def require_trained(self):
        pass

    def train_epoch(self, epoch, _):
        self.epoch = epoch
        return dict.fromkeys(("train_loss", "train_acc", "lr_backbone", "lr_head"), 0.0)

    def validate(self, _):
        score = self.scores[self.epoch - 1]
        return {"val_loss": 0.0, "val_macro_f1": score, "val_acc": -self.epoch}


class StatusLog:
    """Collects the column `Status` of the table of epochs."""

    def __init__(self):
        self.statuses = []

    def start(self):
        pass

    def log_step(self, sums):
        pass

    def log_epoch(self, _, status, __):
        self.statuses.append(status)

    def state(self):
        return {}


@pytest.fixture
def run_scripted(monkeypatch, tmp_path):
    """Run the epoch loop on scores; returns the number of the best epoch and the statuses."""
    monkeypatch.setattr(fit_module, "copy_state", lambda _: {})

    def run(scores, **params):
        log = StatusLog()
        state = RunState(tmp_path / "state", {})
        best = run_epochs(ScriptedTrainer(scores, **params), None, state, log)
        return best.epoch, log.statuses

    return run


def test_training_stops_after_patience_epochs_without_a_gain(run_scripted):
    best, statuses = run_scripted([0.1, 0.5, 0.4, 0.5, 0.4, 0.9], patience=3)
    assert best == 2
    assert statuses == ["best", "best", "no gain 1/3", "no gain 2/3", "early stop"]


def test_frozen_epochs_do_not_count_against_the_patience(run_scripted):
    best, _ = run_scripted([0.5, 0.4, 0.4, 0.4, 0.6], patience=2, freeze_backbone_epochs=3)
    assert best == 5


def test_a_gain_below_min_delta_does_not_count(run_scripted):
    best, statuses = run_scripted([0.5, 0.505, 0.52], min_delta=0.01)
    assert best == 3
    assert statuses[1] == "no gain 1/5"


def test_accuracy_can_be_monitored_instead(run_scripted):
    best, _ = run_scripted([0.1, 0.2, 0.3], monitor="accuracy")  # accuracy falls
    assert best == 1


def test_annotators_shares_in_the_manifest_become_the_targets():
    rows = pd.DataFrame(
        {"label": ["sad", "happy"], "share_happy": ["0.3", "0"], "share_sad": ["0.9", "0"]}
    )
    targets = soft_targets(rows, np.array([1, 0]), {"happy": 0, "sad": 1})
    # Votes of 0.3 and 0.9 are shares of 0.25 and 0.75; a row without votes keeps its label.
    assert targets.tolist() == [[0.25, 0.75], [1.0, 0.0]]
    hard = soft_targets(rows[["label"]], np.array([1, 0]), {"happy": 0, "sad": 1})
    assert hard.tolist() == [[0.0, 1.0], [1.0, 0.0]]


@pytest.mark.parametrize(
    "changes",
    [
        {"lr_head": 1e30, "lr_backbone": 1e30, "grad_clip_norm": 1e30},
        {"weight_decay": 1e30, "lr_head": 1e10},
    ],
    ids=["rates", "decay"],
)
def test_weights_that_become_infinite_are_divergence_and_name_the_settings(train, changes):
    with pytest.raises(UserError, match=r"training diverged: .*lr_backbone \(.*lr_head \("):
        train(use_ema=False, amp="off", **changes)


def test_a_run_without_a_single_step_is_no_trained_network(train, monkeypatch):
    """Few steps: the limit on consecutive ones is not reached."""
    monkeypatch.setattr(Objective, "for_batch", lambda *_: lambda logits, *_: logits.sum() * np.nan)
    with pytest.raises(UserError, match="training diverged: none of the 6 steps had a finite grad"):
        train()


def test_rows_of_another_label_map_are_named(striped_rows):
    with pytest.raises(UserError, match="the classes sad of the rows are not in the label map"):
        load_split(striped_rows, {"happy": 0}, preprocessing_of(32), CacheParams())
