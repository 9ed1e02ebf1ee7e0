"""bf16 is chosen where the processor gains from it, fp32 where bf16 is slow or emulated."""

import pytest
import torch

from emotion.training import amp
from emotion.training.amp import choose_precision
from tests.user_errors import user_error


@pytest.mark.parametrize(
    ("tag", "full"),
    [
        ("tf_efficientnet_b3.ns_jft_in1k", torch.float32),
        ("mobilenetv3_small_100", torch.float32),
        ("resnet50.a1_in1k", torch.bfloat16),
        ("vit_base_patch16_224", torch.bfloat16),
    ],
)
def test_on_a_cpu_with_fast_bf16_the_format_depends_on_the_backbone(monkeypatch, tag, full):
    monkeypatch.setattr(amp, "cpu_gains_from_bf16", lambda: True)
    chosen = choose_precision("auto", tag, "cpu")
    assert (chosen.full, chosen.frozen) == (full, torch.bfloat16)


FAST = {torch.bfloat16: 1.0, torch.float32: 2.0}  # seconds of a matrix product
SLOW = {torch.bfloat16: 2.0, torch.float32: 1.0}


@pytest.mark.parametrize(
    ("feature", "seconds", "dtype"),
    [
        ("avx512_bf16", FAST, torch.bfloat16),
        ("avx512_bf16", SLOW, torch.float32),
        ("avx2", FAST, torch.float32),  # not timed: emulation is slow
    ],
)
def test_bf16_instructions_are_used_only_where_they_are_fast(monkeypatch, feature, seconds, dtype):
    uncached = amp.cpu_gains_from_bf16.__wrapped__
    monkeypatch.setattr(amp, "cpu_gains_from_bf16", uncached)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {feature: True})
    monkeypatch.setattr(amp, "_product_seconds", seconds.__getitem__)
    chosen = choose_precision("auto", "resnet50", "cpu")
    assert (chosen.full, chosen.frozen) == (dtype, dtype)


@pytest.mark.parametrize("amp", ["bf16", "off"])
def test_an_explicit_format_is_used(amp):
    chosen = choose_precision(amp, "resnet50", "cpu")
    with chosen.autocast(frozen=False):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype == {"bf16": torch.bfloat16, "off": torch.float32}[amp]


def test_fp16_without_a_gpu_is_refused_with_the_choices():
    """Every step would be skipped, and an untrained network kept as the best epoch."""
    with user_error("fp16", key="train.amp", hint="auto, bf16 or off"):
        choose_precision("fp16", "resnet50", "cpu")
    assert choose_precision("fp16", "resnet50", "cuda").full == torch.float16
