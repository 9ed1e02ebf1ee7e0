"""A run with more processes than images in a micro-batch is refused."""

import dataclasses

from emotion.training import run
from emotion.training.distributed import ProcessGroup
from tests.training.conftest import QUICK
from tests.user_errors import user_error


def test_more_processes_than_images_in_a_micro_batch_are_rejected():
    params = dataclasses.replace(QUICK, batch_size=2, accumulate_steps=2)
    run.check_batches(16, params, ProcessGroup(0, 2))
    with user_error(3, 2, 16, key="train.batch_size", hint="launcher"):
        run.check_batches(16, params, ProcessGroup(0, 3))
    run.check_batches(1, params, ProcessGroup())  # a single process takes all rows
