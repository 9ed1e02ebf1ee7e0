"""A run with too many processes is refused, and a portable one computes in float32."""

import dataclasses

import pytest

from emotion.training import amp, run
from emotion.training.distributed import ProcessGroup
from tests.training.conftest import QUICK
from tests.user_errors import user_error


def test_more_processes_than_images_in_a_micro_batch_are_rejected():
    params = dataclasses.replace(QUICK, batch_size=2, accumulate_steps=2)
    run.check_batches(16, params, ProcessGroup(0, 2))
    with user_error(3, 2, 16, key="train.batch_size", hint="launcher"):
        run.check_batches(16, params, ProcessGroup(0, 3))
    run.check_batches(1, params, ProcessGroup())  # a single process takes all rows


@pytest.mark.slow
@pytest.mark.parametrize("has_avx2", [True, False])
def test_a_portable_run_computes_in_float32_and_prints_where_that_is_portable(
    train, monkeypatch, capsys, has_avx2
):
    monkeypatch.setattr(amp, "cpu_gains_from_bf16", lambda: True)
    monkeypatch.setattr(run, "has_avx2", lambda: has_avx2)
    assert "bf16" in train(epochs=1).versions["precision"]
    assert "portable" not in capsys.readouterr().out
    assert "bf16" not in train(epochs=1, deterministic="portable").versions["precision"]
    [line] = [line for line in capsys.readouterr().out.splitlines() if "portable" in line]
    assert ("WARNING" in line) == (not has_avx2)
    assert ("train.deterministic=true" in line) == has_avx2
