"""Failures that a setting causes name the setting; others keep their traceback."""

import pytest
import torch

from emotion.training.failures import explain_failures
from tests.training.conftest import QUICK
from tests.user_errors import user_error


def fail(error, epoch=3):
    with explain_failures(epoch, QUICK):
        raise error


@pytest.mark.parametrize("epoch", [1, 3])
def test_ctrl_c_names_the_epoch_after_which_the_run_resumes(epoch):
    hint = "resume after epoch 2" if epoch > 1 else "start again"
    with user_error(epoch, hint=f"`dvc repro` to {hint}"):
        fail(KeyboardInterrupt(), epoch)


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError(), RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate")],
    ids=["gpu", "cpu"],
)
def test_exhausted_memory_names_the_batch_size_to_try(error):
    with user_error(8, 4, 2, key="train.batch_size", hint="train.accumulate_steps to 2"):
        fail(error)


def test_a_batch_of_one_in_front_of_batch_norm_names_the_settings():
    norm = torch.nn.BatchNorm2d(3)
    with pytest.raises(ValueError, match="more than 1 value") as caught:
        norm(torch.zeros(1, 3, 1, 1))  # the words of torch itself
    with user_error(32, key="train.img_size", hint="train.batch_size (8)"):
        fail(caught.value)


@pytest.mark.parametrize("error", [RuntimeError("shape"), ValueError("other")])
def test_errors_of_our_own_are_raised_unchanged(error):
    with pytest.raises(type(error), match=str(error)):
        fail(error)
