"""bf16 where the processor has it; fp32 where it would be emulated."""

import pytest
import torch

from emotion.training import precision
from emotion.training.precision import choose_precision


@pytest.mark.parametrize(
    ("tag", "full"),
    [
        ("tf_efficientnet_b3.ns_jft_in1k", torch.float32),
        ("mobilenetv3_small_100", torch.float32),
        ("resnet50.a1_in1k", torch.bfloat16),
        ("vit_base_patch16_224", torch.bfloat16),
    ],
)
def test_on_a_cpu_with_bf16_the_family_decides(monkeypatch, tag, full):
    monkeypatch.setattr(precision, "cpu_has_bf16", lambda: True)
    chosen = choose_precision("auto", tag, "cpu")
    assert (chosen.full, chosen.frozen) == (full, torch.bfloat16)


def test_on_a_cpu_without_bf16_nothing_is_emulated(monkeypatch):
    monkeypatch.setattr(precision, "cpu_has_bf16", lambda: False)
    chosen = choose_precision("auto", "resnet50", "cpu")
    assert (chosen.full, chosen.frozen) == (torch.float32, torch.float32)


@pytest.mark.parametrize("amp", ["bf16", "off"])
def test_an_explicit_choice_is_obeyed(amp):
    chosen = choose_precision(amp, "resnet50", "cpu")
    with chosen.autocast(frozen=False):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == {"bf16": torch.bfloat16, "off": torch.float32}[amp]
