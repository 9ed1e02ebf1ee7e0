"""Mixed precision: which number format training runs in, chosen by measurement.

On a GPU: bfloat16 where the hardware has it, else float16 with a loss scale. On a CPU without bf16
instructions: float32; bf16 is emulated there, 15 times slower on an AVX2 machine. Having the
instructions is not enough: of two processors measured, one trains most backbones twice as fast in
bf16; the other, with avx512_bf16 but without AMX, half as fast. So a matrix product is timed in
both formats, and where bf16 is fast the choice depends on the backbone. Images/s of forward +
backward + AdamW, batch 32, 112 px, two cores:

                             bf16 is fast                  bf16 is slow
                        fp32   bf16   channels_last   fp32   bf16   channels_last
                                      fp32   bf16                   fp32   bf16
    tf_efficientnet_lite0   32     42     57     44       60     53     89     48
    tf_efficientnet_b3      17     22     24     20       26     24     37     21
    resnet50                16     32     20     32       26     20     30     21
    convnext_base          4.5    8.3    4.5    8.4      9.4    5.2    9.6    5.3
    vit_base_patch16_224   4.5    8.7    4.6    8.4     10.4    5.5   10.3    5.4
    lite0, frozen forward                312    536                    348    315

channels_last is never much slower, so it is always on. Where bf16 is fast, depthwise convolutions
are slower with it in the backward pass but faster in the forward pass, which is all that a frozen
backbone needs.
"""

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache

import torch

from emotion.core.errors import UserError

AMP_MODES = ("auto", "bf16", "fp16", "off")
_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16, "off": torch.float32}
_DEPTHWISE = ("efficientnet", "mobilenet", "mnasnet", "ghostnet", "fbnet", "lcnet")


@dataclass(frozen=True, kw_only=True)
class Precision:
    """Autocast formats of one run."""

    device: str  # cuda or cpu
    full: torch.dtype  # while all layers train
    frozen: torch.dtype  # while the backbone is frozen

    def autocast(self, frozen: bool) -> AbstractContextManager:
        """The autocast context of a training step."""
        dtype = self.frozen if frozen else self.full
        return torch.autocast(self.device, dtype, enabled=dtype != torch.float32)

    def loss_scaler(self) -> torch.amp.GradScaler:
        """float16 gradients underflow without a loss scale; the other formats need none."""
        return torch.amp.GradScaler(self.device, enabled=self.full == torch.float16)

    def __str__(self) -> str:
        names = {torch.bfloat16: "bf16", torch.float16: "fp16", torch.float32: "fp32"}
        return f"{names[self.full]} (frozen {names[self.frozen]}), channels_last, {self.device}"


def choose_precision(amp: str, architecture: str, device: str) -> Precision:
    """The formats of a run.

    Args:
        amp: one of AMP_MODES.
        architecture: timm's name of the backbone.
        device: cuda or cpu.

    Raises:
        UserError: float16 on a CPU.
    """
    if amp == "fp16" and device == "cpu":  # where its gradients overflow
        raise UserError(
            "train.amp fp16 needs a GPU", "set train.amp to auto, bf16 or off", key="train.amp"
        )
    if amp != "auto":
        full = frozen = _DTYPES[amp]
    elif device == "cuda":
        full = frozen = torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    else:
        full = frozen = torch.bfloat16 if cpu_gains_from_bf16() else torch.float32
        if any(family in architecture for family in _DEPTHWISE):
            full = torch.float32
    return Precision(device=device, full=full, frozen=frozen)


@cache
def cpu_gains_from_bf16() -> bool:
    """Whether this processor multiplies matrices faster in bfloat16 than in float32.

    Where it does not, a product takes nearly twice as long in bf16: the fastest of a few runs
    separates the two kinds of processor reliably, on a busy machine too.
    """
    features = torch.cpu.get_capabilities()
    if not any(features.get(name, False) for name in ("avx512_bf16", "amx_bf16", "arm_bf16")):
        return False
    return _product_seconds(torch.bfloat16) < _product_seconds(torch.float32)


def _product_seconds(dtype: torch.dtype, side: int = 1024, repetitions: int = 8) -> float:
    matrix, seconds = torch.ones(side, side, dtype=dtype), []
    for _ in range(repetitions):
        start = time.perf_counter()
        matrix @ matrix
        seconds.append(time.perf_counter() - start)
    return min(seconds)
