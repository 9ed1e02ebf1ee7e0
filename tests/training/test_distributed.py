"""Two processes take the same steps as one, and each row is validated once."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from emotion.core import files
from emotion.data.cache import CacheParams
from emotion.metrics import scores
from emotion.models.backbones import build_backbone, resolve_timm_name
from emotion.models.checkpoint import load_checkpoint
from emotion.models.inference import predict_logits
from emotion.models.sources.pretrained import PretrainedParams, fetch_pretrained
from emotion.training.distributed import ProcessGroup, init_distributed
from emotion.training.loading import load_split
from tests.training.conftest import paths_in
from tests.user_errors import user_error

CHILD = """
import dataclasses, json, sys
from pathlib import Path
import pandas as pd
import emotion.models
from emotion.training.fit import fit
from tests.training.conftest import QUICK, paths_in
rows, name = pd.read_csv("rows.csv", dtype={"sha256": str}), sys.argv[1]
params = dataclasses.replace(QUICK, head="linear", amp="off", use_mixup=True, epochs=3, patience=3,
    freeze_backbone_epochs=int(sys.argv[2]))
paths = dataclasses.replace(paths_in(Path(), name), state=Path("state_" + name))
weights = {"happy": 1.5, "sad": 0.5}
checkpoint = fit(rows[:15], rows[15:], {"happy": 0, "sad": 1}, weights, params, paths)
if checkpoint:
    Path(name + ".json").write_text(json.dumps(checkpoint.history))
    checkpoint.save(Path(name + ".pth"))
"""


TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]


def run_child(folder, rows, model_type, frozen_epochs, **launchers):
    """Train in processes of their own; writes <name>.json and <name>.pth per launcher."""
    weights = PretrainedParams(model_type=model_type, pretrained="none")
    fetch_pretrained(weights, paths_in(folder).weights, folder)
    rows.to_csv(folder / "rows.csv", index=False)
    (folder / "child.py").write_text(CHILD)
    changes = {"DVC_TEST": "true", "PYTHONPATH": str(Path.cwd()), "OMP_NUM_THREADS": "1"}
    environment = {**os.environ, **changes}
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
    preprocessing = checkpoint.preprocessing
    val = load_split(striped_rows[15:], {"happy": 0, "sad": 1}, preprocessing, CacheParams())
    logits = predict_logits(checkpoint.build_model(), val.images, preprocessing)
    val_loss = checkpoint.history["val_loss"][checkpoint.epoch - 1]
    assert scores.nll(logits, val.labels) == pytest.approx(val_loss, abs=1e-6)


def test_rows_are_sharded_evenly_and_a_single_process_takes_all():
    rows = np.arange(7)
    assert ProcessGroup().shard(rows).tolist() == list(range(7))
    assert ProcessGroup(0, 3).shard(rows).tolist() == [0, 3, 6]
    assert ProcessGroup(2, 3).shard(rows).tolist() == [2, 5]


def test_synchronized_norms_give_the_same_output_as_the_layers_they_replace():
    model = build_backbone(resolve_timm_name("test_efficientnet"), 32).eval()
    with torch.no_grad():
        for parameter in model.parameters():  # initial values would hide a dropped activation
            parameter.normal_(generator=torch.Generator().manual_seed(0))
    images = torch.randn(2, 3, 32, 32)
    expected = model(images)
    weights = model.state_dict()

    synchronized = ProcessGroup(0, 2).synchronize_norms(model.to("meta")).to_empty(device="cpu")

    synchronized.load_state_dict(weights)
    assert any(isinstance(m, torch.nn.SyncBatchNorm) for m in synchronized.modules())
    torch.testing.assert_close(synchronized.eval()(images), expected)


def test_a_part_of_torchruns_variables_is_refused_by_their_names(monkeypatch):
    for name in ("LOCAL_RANK", "RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MASTER_PORT", "1234")  # alone it does no harm
    assert init_distributed().world_size == 1
    monkeypatch.setenv("LOCAL_RANK", "0")
    with user_error("RANK, WORLD_SIZE, MASTER_ADDR", key="launcher", hint="LOCAL_RANK") as caught:
        init_distributed()
    assert "MASTER_PORT" not in str(caught.value)
