"""Which number format training runs in: a table of measurements, not taste.

On a GPU: bfloat16 where the hardware has it, else float16 with a loss scale. On a CPU without bf16
instructions (avx512_bf16, AMX): float32; bf16 is emulated there and ran 15 times slower on an AVX2
machine. On a CPU that has them the fastest format depends on the backbone. Images/s of forward +
backward + AdamW on such a one, batch 32, 112 px, two cores:

                          fp32   bf16   channels_last fp32   channels_last bf16   frozen forward
    tf_efficientnet_lite0   32     42           57                   44          312, bf16 536
    tf_efficientnet_b3_ns   17     22           24                   20
    resnet50                16     32           20                   32
    convnext_base          4.5    8.3          4.5                  8.4
    vit_base_patch16_224   4.5    8.7          4.6                  8.4

channels_last is never much slower, so it is always on; depthwise convolutions lose in bf16 on the
way back, but win on the way forward, which is all that a frozen backbone does.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch

AMP_MODES = ("auto", "bf16", "fp16", "off")
_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16, "off": torch.float32}
_DEPTHWISE = ("efficientnet", "mobilenet", "mnasnet", "ghostnet", "fbnet", "lcnet")


@dataclass(frozen=True, kw_only=True)
class Precision:
    """Autocast formats of one run."""

    device: str  # cuda or cpu
    full: torch.dtype  # while all layers train
    frozen: torch.dtype  # while the backbone only runs forward

    def autocast(self, frozen: bool) -> AbstractContextManager:
        """The autocast context of a training step."""
        dtype = self.frozen if frozen else self.full
        return torch.autocast(self.device, dtype, enabled=dtype != torch.float32)

    def loss_scaler(self) -> torch.amp.GradScaler:
        """float16 gradients underflow without a loss scale; the others need none."""
        return torch.amp.GradScaler(self.device, enabled=self.full == torch.float16)

    def __str__(self) -> str:
        names = {torch.bfloat16: "bf16", torch.float16: "fp16", torch.float32: "fp32"}
        return f"{names[self.full]} (frozen {names[self.frozen]}), channels_last, {self.device}"


def choose_precision(amp: str, tag: str, device: str) -> Precision:
    """The formats of a run.

    Args:
        amp: one of AMP_MODES.
        tag: the backbone's timm name.
        device: cuda or cpu.
    """
    if amp != "auto":
        return Precision(device=device, full=_DTYPES[amp], frozen=_DTYPES[amp])
    if device == "cuda":
        dtype = torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
        return Precision(device=device, full=dtype, frozen=dtype)
    if not cpu_has_bf16():
        return Precision(device=device, full=torch.float32, frozen=torch.float32)
    depthwise = any(family in tag for family in _DEPTHWISE)
    full = torch.float32 if depthwise else torch.bfloat16
    return Precision(device=device, full=full, frozen=torch.bfloat16)


def cpu_has_bf16() -> bool:
    """Whether this processor multiplies bfloat16 in hardware."""
    features = torch.cpu.get_capabilities()
    return any(features.get(name, False) for name in ("avx512_bf16", "amx_bf16", "arm_bf16"))
