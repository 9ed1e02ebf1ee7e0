"""A portable run computes what every processor can, and says what that costs."""

import pytest

from emotion.training import amp, determinism


@pytest.mark.slow
def test_a_portable_run_computes_in_float32_also_where_bfloat16_is_faster(train, monkeypatch):
    monkeypatch.setattr(amp, "cpu_gains_from_bf16", lambda: True)
    assert "bf16" in train(epochs=1).versions["precision"]
    assert "bf16" not in train(epochs=1, deterministic="portable").versions["precision"]


@pytest.mark.parametrize(
    ("has_avx2", "said"), [(True, "train.deterministic=true is faster"), (False, "WARNING")]
)
def test_a_portable_run_says_what_it_costs_or_that_it_is_not_portable_here(
    has_avx2, said, monkeypatch, capsys
):
    monkeypatch.setattr(determinism, "has_avx2", lambda: has_avx2)
    determinism.announce_portable()
    assert said in capsys.readouterr().out
