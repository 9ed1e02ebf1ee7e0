"""Two processes take the same steps as one, and each row is validated once."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from emotion.core import files
from emotion.core.errors import UserError
from emotion.data.cache import CacheParams, open_images
from emotion.metrics import scores
from emotion.models.backbones import build_backbone, resolve_timm_name
from emotion.models.checkpoint import load_checkpoint
from emotion.models.inference import predict_logits
from emotion.models.sources.pretrained import PretrainedParams, fetch_pretrained
from emotion.training.distributed import Processes, join_processes
from emotion.training.fit import check_batches
from tests.training.conftest import QUICK

CHILD = """
import dataclasses, json, sys
from pathlib import Path
import pandas as pd
import emotion.models
from emotion.training.fit import fit
from tests.training.conftest import QUICK
rows = pd.read_csv("rows.csv", dtype={"sha256": str})
params = dataclasses.replace(QUICK, head="linear", amp="off", use_mixup=True, epochs=3, patience=3,
    freeze_backbone_epochs=int(sys.argv[2]))
checkpoint = fit(rows[:15], rows[15:], {"happy": 0, "sad": 1}, {"happy": 1.5, "sad": 0.5},
    Path("weights"), params, Path(sys.argv[1]), Path(sys.argv[1] + "_timing.json"),
    Path("state_" + sys.argv[1]))
if checkpoint:
    Path(sys.argv[1] + ".json").write_text(json.dumps(checkpoint.history))
    checkpoint.save(Path(sys.argv[1] + ".pth"))
"""


TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]


def run_child(folder, rows, model_type, frozen_epochs, **launchers):
    """Train in processes of their own; writes <name>.json and <name>.pth per launcher."""
    weights = PretrainedParams(model_type=model_type, pretrained="none")
    fetch_pretrained(weights, folder / "weights", folder)
    rows.to_csv(folder / "rows.csv", index=False)
    (folder / "child.py").write_text(CHILD)
    environment = {
        **os.environ,
        "DVC_TEST": "true",
        "PYTHONPATH": str(Path.cwd()),
        "OMP_NUM_THREADS": "1",
    }
    for name, launcher in launchers.items():
        command = [*launcher, "child.py", name, str(frozen_epochs)]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
def test_two_processes_train_as_one_does(tmp_path, striped_rows):
    # A network with LayerNorm: BatchNorm cannot be synchronized on a CPU.
    run_child(tmp_path, striped_rows, "test_vit", 1, one=[sys.executable], two=TORCHRUN)
    one, two = (files.read_json(tmp_path / f"{name}.json") for name in ("one", "two"))
    for name, curve in one.items():
        np.testing.assert_allclose(two[name], curve, atol=1e-4, err_msg=name)
    assert (tmp_path / "two" / "metrics.json").exists()


@pytest.mark.slow
def test_two_processes_with_batchnorm_validate_the_network_that_is_saved(tmp_path, striped_rows):
    run_child(tmp_path, striped_rows, "test_resnet", 0, two=TORCHRUN)
    checkpoint = load_checkpoint(tmp_path / "two.pth")
    images = open_images(list(striped_rows["path"][15:]), checkpoint.preprocessing, CacheParams())
    logits = predict_logits(checkpoint.build_model(), images, checkpoint.preprocessing)
    labels = striped_rows["label"][15:].map({"happy": 0, "sad": 1}).to_numpy()
    val_loss = checkpoint.history["val_loss"][checkpoint.epoch - 1]
    assert scores.nll(logits, labels) == pytest.approx(val_loss, abs=1e-6)


def test_rows_are_shared_evenly_and_a_single_process_takes_all():
    rows = np.arange(7)
    assert Processes().share(rows).tolist() == list(range(7))
    assert Processes(0, 3).share(rows).tolist() == [0, 3, 6]
    assert Processes(2, 3).share(rows).tolist() == [2, 5]


def test_more_processes_than_images_in_a_micro_batch_are_rejected():
    params = dataclasses.replace(QUICK, batch_size=2, accumulate_steps=2)
    check_batches(16, params, Processes(0, 2))
    with pytest.raises(UserError, match=r"3 processes cannot share micro-batches of 2 images"):
        check_batches(16, params, Processes(0, 3))
    check_batches(1, params, Processes())  # a single process takes all rows


def test_synchronized_norms_give_the_same_output_as_the_layers_they_replace():
    model = build_backbone(resolve_timm_name("test_efficientnet"), 32).eval()
    with torch.no_grad():
        for (
            parameter
        ) in model.parameters():  # with initial values, a dropped activation would change little
            parameter.normal_(generator=torch.Generator().manual_seed(0))
    images = torch.randn(2, 3, 32, 32)
    expected = model(images)
    weights = model.state_dict()

    synchronized = Processes(0, 2).synchronize_norms(model.to("meta")).to_empty(device="cpu")

    synchronized.load_state_dict(weights)
    assert any(isinstance(m, torch.nn.SyncBatchNorm) for m in synchronized.modules())
    torch.testing.assert_close(synchronized.eval()(images), expected)


def test_a_part_of_torchruns_variables_is_refused_by_their_names(monkeypatch):
    for name in ("LOCAL_RANK", "RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MASTER_PORT", "1234")  # alone it does no harm
    assert join_processes()[0].count == 1
    monkeypatch.setenv("LOCAL_RANK", "0")
    with pytest.raises(UserError, match=r"LOCAL_RANK, but .* not RANK, WORLD_SIZE, MASTER_ADDR; "):
        join_processes()
