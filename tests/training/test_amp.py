"""bf16 is chosen where the processor gains from it, fp32 where bf16 is slow or emulated."""

import pytest
import torch

from emotion.core.errors import UserError
from emotion.training import amp
from emotion.training.amp import choose_precision


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


@pytest.fixture
def processor(monkeypatch):
    """Simulate a processor, given its features and the seconds of a product per format."""

    def simulate(features, seconds):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: dict.fromkeys(features, True))
        monkeypatch.setattr(amp, "_product_seconds", seconds.__getitem__)
        amp.cpu_gains_from_bf16.cache_clear()

    yield simulate
    amp.cpu_gains_from_bf16.cache_clear()


FAST = {torch.bfloat16: 1.0, torch.float32: 2.0}
SLOW = {torch.bfloat16: 2.0, torch.float32: 1.0}


@pytest.mark.parametrize(
    ("features", "seconds", "dtype"),
    [
        (["avx512_bf16"], FAST, torch.bfloat16),
        (["avx512_bf16"], SLOW, torch.float32),
        (["avx2"], FAST, torch.float32),  # not timed: emulation is slow
    ],
)
def test_bf16_instructions_are_used_only_where_they_are_fast(processor, features, seconds, dtype):
    processor(features, seconds)
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
    with pytest.raises(UserError, match=r"train\.amp is fp16, but there is no GPU.*auto, bf16 or"):
        choose_precision("fp16", "resnet50", "cpu")
    assert choose_precision("fp16", "resnet50", "cuda").full == torch.float16
