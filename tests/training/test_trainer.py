"""An optimizer step equals plain PyTorch, and never synchronizes with a GPU."""

import copy
import dataclasses
import math

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from emotion.data.cache import CachedImages
from emotion.models.sources.pretrained import load_initial_model
from emotion.training.amp import Precision
from emotion.training.batches import load_epoch
from emotion.training.distributed import ProcessGroup
from emotion.training.loading import LabeledImages
from emotion.training.objective import Objective
from emotion.training.trainer import Trainer
from tests.training.conftest import QUICK

FP32 = Precision(device="cpu", full=torch.float32, frozen=torch.float32)


class BlockingCopies(TorchDispatchMode):
    """Records each copy to the training device that would synchronize with it.

    The device is torch's `meta`, which holds no values: reading one raises. So these are all the
    synchronizations that can be detected without a GPU.
    """

    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_dispatch__(self, operation, types, arguments=(), options=None):
        result = operation(*arguments, **(options or {}))
        if str(operation).startswith("aten._to_copy"):
            blocking = (
                result.is_meta and not arguments[0].is_meta and not options.get("non_blocking")
            )
        elif str(operation).startswith("aten.index."):
            indices = [index for index in arguments[1] if index is not None]
            blocking = arguments[0].is_meta and not all(index.is_meta for index in indices)
        else:
            blocking = False
        if blocking:
            self.found.append((str(operation), tuple(result.shape)))
        return result


@pytest.mark.parametrize("clip", [0.05, 1000.0], ids=["clipped", "not clipped"])
def test_two_steps_equal_plain_adamw_with_clipping_and_averaging(weights_folder, clip):
    """Also the weight-decay groups, schedule, class weights and label smoothing."""
    params = dataclasses.replace(
        QUICK,
        amp="off",
        head="linear",  # no dropout
        epochs=2,
        freeze_backbone_epochs=0,
        label_smoothing=0.1,
        weight_decay=0.1,
        grad_clip_norm=clip,
        ema_decay=0.999,
    )
    model, preprocessing, _ = load_initial_model(weights_folder, 32, "linear", 2)
    images = torch.randint(0, 256, (16, 3, 36, 36), dtype=torch.uint8)
    labels, class_weights = np.arange(16) % 2, torch.tensor([0.5, 1.5])
    data = LabeledImages(images=CachedImages(images), labels=labels, targets=torch.eye(2)[labels])
    reference, average = copy.deepcopy(model), copy.deepcopy(model)
    objective = Objective(params, class_weights, torch.ones(2), None, preprocessing)
    trainer = Trainer(model, data, objective, preprocessing, params, FP32, ProcessGroup())
    trainer.train_epoch(1)

    batches = list(load_epoch(data, params, preprocessing, 1, ProcessGroup(), torch.device("cpu")))
    assert len(batches) == 2
    optimizer = torch.optim.AdamW(
        [
            {"params": [parameter], "weight_decay": 0.1 if parameter.ndim > 1 else 0.0}
            for parameter in reference.parameters()
        ],
        foreach=False,
    )
    peaks = [
        params.lr_backbone if n.startswith("backbone") else params.lr_head
        for n, _ in reference.named_parameters()
    ]
    reference.train()
    for step, batch in enumerate(batches):
        [(views, targets)] = batch
        targets = 0.9 * targets + 0.1 / 2
        losses = -reference(views).log_softmax(dim=1)
        loss = (class_weights * targets * losses).sum() / (class_weights * targets).sum()
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(reference.parameters(), clip)
        assert (norm > clip) == (clip == 0.05)  # both branches are tested
        for group, peak in zip(optimizer.param_groups, peaks, strict=True):
            group["lr"] = peak * 0.5 * (1 + math.cos(math.pi * step / 4))
        optimizer.step()
        decay = 1 - (1 + step) ** (-2 / 3)  # timm's warm-up, below 0.999
        state = reference.state_dict()
        for name, tensor in average.state_dict().items():
            if tensor.is_floating_point():
                tensor.copy_(decay * tensor + (1 - decay) * state[name])

    for ours, expected in ((trainer.model, reference), (trainer.evaluated, average)):
        weights = ours.state_dict()
        for name, tensor in expected.state_dict().items():
            if tensor.is_floating_point():
                torch.testing.assert_close(weights[name], tensor, atol=1e-6, rtol=1e-4, msg=name)


@pytest.fixture
def trainer(weights_folder, monkeypatch):
    def fail(*_):
        raise AssertionError("new_tensor synchronizes with a GPU")

    generator = torch.Generator
    monkeypatch.setattr(torch, "Generator", lambda **_: generator())  # the meta device has none
    monkeypatch.setattr(torch.Tensor, "new_tensor", fail)

    def build(**changes):
        params = dataclasses.replace(QUICK, amp="off", **changes)
        model, preprocessing, _ = load_initial_model(weights_folder, params.img_size, "deep", 2)
        model.to("meta", memory_format=torch.channels_last)
        side, labels = preprocessing.resized_side, np.arange(32) % 2
        images = CachedImages(torch.zeros(32, 3, side, side, dtype=torch.uint8))
        data = LabeledImages(images=images, labels=labels, targets=torch.eye(2)[labels])
        ones = torch.ones(2, device="meta")
        objective = Objective(params, ones, ones, None, preprocessing)
        trainer = Trainer(model, data, objective, preprocessing, params, FP32, ProcessGroup())
        trainer.optimizer.step = lambda: None  # the fused kernel does not support the meta device
        return trainer

    return build


@pytest.mark.parametrize("epoch", [1, 2], ids=["frozen", "full"])
@pytest.mark.parametrize(
    "changes",
    [{}, {"use_mixup": True, "use_cutmix": True, "accumulate_steps": 2}, {"loss": "ldam"}],
    ids=["plain", "mixed", "ldam"],
)
def test_no_step_of_an_epoch_synchronizes_with_a_gpu(trainer, changes, epoch):
    trainer = trainer(**changes)
    copies = BlockingCopies()
    with copies, pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor"):
        trainer.train_epoch(epoch)  # reads its sums after all steps are enqueued
    assert trainer.step == trainer.steps_per_epoch
    assert not copies.found
