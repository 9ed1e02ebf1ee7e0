"""What export_onnx reports: the ONNX file beside the network, and smaller files beside it."""

from dataclasses import dataclass

from emotion.data.preprocessing import Preprocessing


@dataclass(frozen=True, kw_only=True)
class BatchParity:
    """Largest differences between the ONNX file and the network at one batch size."""

    max_abs: float  # of a logit or a probability
    max_rel: float  # of a logit, in units of the largest logit of the image
    max_kl: float  # Kullback-Leibler divergence of the probabilities, nats


@dataclass(frozen=True, kw_only=True)
class ExportReport:
    """Content of plots/export_onnx/report.json."""

    opset: int  # that the file declares
    exporter: str  # torch.export or TorchScript
    constant_folding: bool
    failed: list[str]  # what was tried before, and why it did not do
    ir_version: int
    parity: dict[str, BatchParity]  # by batch size, rounded up to a power of ten
    tolerance: float  # of `max_abs`
    rows: int  # images compared
    same_class: float  # share of them with the same predicted class
    macro_f1_difference: float
    file_mb: float
    tag: str
    preprocessing: Preprocessing

    @property
    def max_abs(self) -> float:
        """The largest difference at any batch size, at most."""
        return max(batch.max_abs for batch in self.parity.values())


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A smaller ONNX file, measured beside the float32 one.

    The last five are None where its time decided already, or without an interval.
    """

    precision: str  # int8 or fp16
    method: str  # such as "static, all operators"
    file_mb: float
    speedup: float  # time of the float32 file / its own, one image, one thread
    speedup_batch: float  # the same for a batch of 32 on all cores
    kept: bool = False
    verdict: str = ""  # why it is kept or not
    same_class: float | None = None  # share of the validation images
    macro_f1_change: float | None = None  # on validation, this file minus float32
    macro_f1_change_low: float | None = None  # of its 95 % interval over groups
    macro_f1_change_high: float | None = None


@dataclass(frozen=True, kw_only=True)
class VariantsReport:
    """Content of plots/export_onnx/variants.json; its times differ from run to run."""

    variants: list[Variant]
    failed: list[str]  # which files could not be built, and why
    rows: int  # validation images
    macro_f1: float  # of the float32 file on them
    machine: dict[str, int | str]  # that the times are of
