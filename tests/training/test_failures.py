"""Failures that a setting causes name the setting; others keep their traceback."""

import pytest
import torch

from emotion.core.errors import UserError
from emotion.training.failures import explain_failures
from tests.training.conftest import QUICK


def fail(error, epoch=3):
    with explain_failures(epoch, QUICK):
        raise error


def test_ctrl_c_says_where_the_run_resumes():
    with pytest.raises(UserError, match=r"epoch 3; `dvc repro` resumes after epoch 2"):
        fail(KeyboardInterrupt())
    with pytest.raises(UserError, match=r"epoch 1; `dvc repro` starts again"):
        fail(KeyboardInterrupt(), epoch=1)


def test_exhausted_memory_names_a_smaller_batch():
    for error in (torch.OutOfMemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate")):
        with pytest.raises(UserError, match=r"batch_size"):
            fail(error)


def test_a_batch_of_one_in_front_of_batch_norm_names_the_settings():
    norm = torch.nn.BatchNorm2d(3)
    with pytest.raises(ValueError, match="more than 1 value") as caught:
        norm(torch.zeros(1, 3, 1, 1))  # the words of torch itself
    with pytest.raises(UserError, match=r"a batch of one image .*raise train\.batch_size \(8\)"):
        fail(caught.value)


@pytest.mark.parametrize("error", [RuntimeError("shape"), ValueError("other")])
def test_errors_of_our_own_are_raised_unchanged(error):
    with pytest.raises(type(error), match=str(error)):
        fail(error)
