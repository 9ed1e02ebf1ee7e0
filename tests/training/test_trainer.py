"""A GPU is kept busy: no step waits for what the one before it computes."""

import dataclasses

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from emotion.data.cache import CachedImages, cached_side
from emotion.models.checkpoint import initial_model
from emotion.training.journal import Journal
from emotion.training.loading import LabeledImages
from emotion.training.objective import Objective
from emotion.training.precision import Precision
from emotion.training.processes import Processes
from emotion.training.trainer import Trainer
from tests.training.conftest import QUICK


class Waits(TorchDispatchMode):
    """Notes each copy to the training device for which the host would wait.

    The device is torch's `meta`, which holds no values: to read one back raises. So these are all
    the waits of a GPU that can be seen without one.
    """

    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_dispatch__(self, operation, types, arguments=(), options=None):
        result = operation(*arguments, **(options or {}))
        if str(operation).startswith("aten._to_copy"):
            waits = result.is_meta and not arguments[0].is_meta and not options.get("non_blocking")
        elif str(operation).startswith("aten.index."):
            places = [places for places in arguments[1] if places is not None]
            waits = arguments[0].is_meta and not all(part.is_meta for part in places)
        else:
            waits = False
        if waits:
            self.found.append((str(operation), tuple(result.shape)))
        return result


@pytest.fixture
def trainer(tmp_path, weights_folder, monkeypatch):
    def refuse(*_):
        raise AssertionError("new_tensor waits for a GPU")

    generator = torch.Generator
    monkeypatch.setattr(torch, "Generator", lambda **_: generator())  # none for this device
    monkeypatch.setattr(torch.Tensor, "new_tensor", refuse)

    def build(**changes):
        params = dataclasses.replace(QUICK, amp="off", **changes)
        model, origin = initial_model(weights_folder, params.img_size, "deep", 2)
        model.to("meta", memory_format=torch.channels_last)
        side, labels = cached_side(params.img_size), np.arange(32) % 2
        images = CachedImages(torch.zeros(32, 3, side, side, dtype=torch.uint8))
        data = LabeledImages(images=images, labels=labels, targets=torch.eye(2)[labels])
        ones = torch.ones(2, device="meta")
        precision = Precision(device="cpu", full=torch.float32, frozen=torch.float32)
        trainer = Trainer(
            model,
            data,
            Objective(params, ones, ones, None, origin),
            origin,
            params,
            precision,
            Journal(tmp_path / "log", params, 4, 32, speaks=False),
            Processes(),
        )
        trainer.optimizer.step = lambda: None  # its fused kernel knows no such device
        return trainer

    return build


@pytest.mark.parametrize("epoch", [1, 2], ids=["frozen", "full"])
@pytest.mark.parametrize(
    "changes",
    [{}, {"use_mixup": True, "use_cutmix": True, "accumulate_steps": 2}, {"loss": "ldam"}],
    ids=["plain", "mixed", "ldam"],
)
def test_no_step_of_an_epoch_waits_for_a_gpu(trainer, changes, epoch):
    trainer = trainer(**changes)
    waits = Waits()
    with waits, pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor"):
        trainer.train_epoch(epoch)  # reads its figures when all steps are on their way
    assert trainer.step == trainer.steps_an_epoch
    assert not waits.found
