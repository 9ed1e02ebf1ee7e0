"""Checkpoints that earlier versions wrote are read, and their networks compute the same.

soup.pth and soup.safetensors were saved by commit cc45c3d: a small ResNet as the average of three
runs, in the field `members`, with a snapshot of all training settings of that time. b825539 writes
the same safetensors file. soup.json has the logits that it computed.
"""

import json
from pathlib import Path

import pytest
import torch

from emotion.core.reports import TrainingSummary, read_report
from emotion.data.transforms import preprocess_batch
from emotion.models.checkpoint import FORMER_NAMES, load_checkpoint

FOLDER = Path(__file__).parents[1] / "prediction/written_by_b825539"
EXPECTED = json.loads((FOLDER / "soup.json").read_text())
# Of the file: removed from training since, or of a value that today's settings might reject.
SETTINGS = {"layer_decay": 0.75, "mixup_off_epochs": 1, "statistics": "none", "epochs": 3}


@pytest.fixture(params=["soup.pth", "soup.safetensors"])
def checkpoint(request):
    return load_checkpoint(FOLDER / request.param)


def test_fields_with_a_former_name_are_read(checkpoint):
    assert checkpoint.ingredients == EXPECTED["ingredients"] == ["seed-2", "seed-0", "seed-1"]


@torch.no_grad()
def test_an_earlier_network_computes_the_same_logits(checkpoint):
    side = checkpoint.preprocessing.resized_side
    images = (torch.arange(3 * side * side) % 251).to(torch.uint8).view(1, 3, side, side)
    [logits] = checkpoint.build_model()(preprocess_batch(images, checkpoint.preprocessing))
    expected = torch.tensor([EXPECTED["logits"][name] for name in checkpoint.class_names])
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)  # processors round differently


def test_settings_of_earlier_versions_are_kept_as_they_are(checkpoint):
    assert checkpoint.params.items() >= SETTINGS.items()


@pytest.mark.parametrize("name", ["copy.pth", "copy.safetensors"])
def test_an_earlier_checkpoint_is_saved_with_the_names_of_today(checkpoint, tmp_path, name):
    save = checkpoint.save if name.endswith("pth") else checkpoint.save_safetensors
    save(tmp_path / name)
    assert load_checkpoint(tmp_path / name).ingredients == EXPECTED["ingredients"]
    content = (tmp_path / name).read_bytes()
    assert not [former for former in FORMER_NAMES if former.encode() in content]
    assert all(today.encode() in content for today in FORMER_NAMES.values())


def test_a_summary_of_training_with_a_former_name_is_read(tmp_path):
    summary = {"best_epoch": 3, "best_val_macro_f1": 0.5, "best_val_accuracy": 0.6}
    summary |= {"weights": "random", "members": "seed-2, seed-0"}
    (tmp_path / "metrics.json").write_text(json.dumps(summary))
    assert read_report(tmp_path / "metrics.json", TrainingSummary).ingredients == "seed-2, seed-0"
