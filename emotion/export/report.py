"""The reports of export_onnx: the ONNX file compared with the network, and smaller ONNX files."""

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

    opset: int  # declared by the file
    exporter: str  # torch.export or TorchScript
    constant_folding: bool
    failed: list[str]  # earlier attempts, and why each failed
    ir_version: int
    parity: dict[str, BatchParity]  # by batch size, rounded up to a power of ten
    tolerance: float  # of `max_abs`
    rows: int  # images compared
    same_class: float  # share of them with the same predicted class, in 0..1
    macro_f1_difference: float  # on them, absolute, in 0..1
    file_mb: float
    tag: str
    preprocessing: Preprocessing

    @property
    def max_abs(self) -> float:
        """The largest difference at any batch size, at most."""
        return max(batch.max_abs for batch in self.parity.values())


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A smaller ONNX file, compared with the float32 one.

    The last four are None if the file is too slow to be scored; the last two also if there are too
    few groups for an interval.
    """

    precision: str  # int8 or fp16
    method: str  # such as "static, all operators"
    file_mb: float
    speedup: float  # time of the float32 file divided by its own, one image, one thread
    speedup_batch: float  # the same for a batch of 32 on all cores
    kept: bool = False
    verdict: str = ""  # why it is kept or not
    same_class: float | None = None  # share of the validation images, in 0..1
    macro_f1_change: float | None = None  # on validation, this file minus float32
    macro_f1_change_low: float | None = None  # of its 95 % interval over groups
    macro_f1_change_high: float | None = None


@dataclass(frozen=True, kw_only=True)
class VariantsReport:
    """Content of plots/export_onnx/variants.json; the times differ from run to run."""

    variants: list[Variant]
    failed: list[str]  # which files could not be built, and why
    rows: int  # validation images
    macro_f1: float  # of the float32 file on them
    machine: dict[str, int | str]  # on which the times were measured
