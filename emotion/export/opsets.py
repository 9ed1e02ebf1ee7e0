"""Export a network to an ONNX graph of a target opset, with whichever exporter reaches it.

Of torch's two exporters the newer one, by torch.export, writes opset 18: with a lower target, it
reports success and leaves 18 for convolutional networks. onnx's version converter can lower some
graphs, but cannot convert LayerNormalization (17) or axes as an input (18). The older one, by
TorchScript, reaches 11 for every family that was tried. So the exporters are tried in turn, and the
opset that the graph declares is compared with the target.
"""

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import onnx
import torch
from onnx import version_converter
from onnxscript import optimizer
from torch import nn

import emotion.models  # noqa: F401, first: it prepares torchvision for timm and torch.onnx

# isort: split
from timm.layers import padding

from emotion.export.graph import check_graph, opset_of, strip
from emotion.export.params import NEWEST
from emotion.export.quiet import quiet_logging

INPUT, OUTPUTS = "images", ("logits", "probabilities")
_BATCH = 2  # of the traced example; a batch of 1 would be taken for a constant


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One exporter's attempt to reach the target opset, and its result."""

    exporter: str  # torch.export or TorchScript
    constant_folding: bool
    model: onnx.ModelProto | None = None
    problem: str = ""  # why there is no model


def attempt_exports(network: nn.Module, img_size: int, opset: int) -> Iterator[Attempt]:
    """Try each exporter, with and without constant folding, lazily.

    Args:
        network: in evaluation mode, images (N, 3, H, W) to one tensor per name of OUTPUTS.
        img_size: side of its input, pixels.
        opset: the target, OLDEST to NEWEST.

    Yields:
        Successful attempts have a model, which declares `opset`, has passed onnx's checker and has
        the same bytes on every machine; the others have a problem.
    """
    _unfuse_attention(network)
    for constant_folding in (True, False):
        for name, export in EXPORTERS.items():
            attempt = Attempt(exporter=name, constant_folding=constant_folding)
            try:
                model = export(network, img_size, opset, constant_folding)
                strip(model)
                check_graph(model)
            except Exception as error:  # of three libraries, without a common base class
                yield _failed(attempt, f"{type(error).__name__}: {error}")
                continue
            if opset_of(model) == opset:
                yield Attempt(exporter=name, constant_folding=constant_folding, model=model)
            else:
                yield _failed(attempt, f"the graph declares opset {opset_of(model)}")


def _failed(attempt: Attempt, problem: str) -> Attempt:
    short = " ".join(problem.split())[:200]
    return Attempt(
        exporter=attempt.exporter, constant_folding=attempt.constant_folding, problem=short
    )


def _by_torch_export(
    network: nn.Module, img_size: int, opset: int, constant_folding: bool
) -> onnx.ModelProto:
    with warnings.catch_warnings():
        # torch's exporter calls a function that torch itself has deprecated.
        warnings.filterwarnings("ignore", "`isinstance.treespec, LeafSpec.` is deprecated")
        program = torch.onnx.export(
            network,
            (torch.zeros(_BATCH, 3, img_size, img_size),),
            dynamo=True,
            opset_version=NEWEST,
            input_names=[INPUT],
            output_names=list(OUTPUTS),
            dynamic_shapes={INPUT: {0: torch.export.Dim("batch")}},
            external_data=False,
            optimize=constant_folding,
            verbose=False,
        )
    assert program is not None  # only `dynamo=False` returns None
    model = program.model_proto
    model.producer_version = model.producer_version.split("+")[0]  # same bytes for CPU and CUDA
    return model if opset == NEWEST else version_converter.convert_version(model, opset)


def _by_torchscript(
    network: nn.Module, img_size: int, opset: int, constant_folding: bool
) -> onnx.ModelProto:
    file = io.BytesIO()
    with warnings.catch_warnings(), _fixed_padding():
        # It is deprecated, which is why it comes second, and warns of each traced shape.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.zeros(_BATCH, 3, img_size, img_size),),
            file,  # type: ignore[arg-type]
            dynamo=False,
            opset_version=opset,
            input_names=[INPUT],
            output_names=list(OUTPUTS),
            dynamic_axes={name: {0: "batch"} for name in (INPUT, *OUTPUTS)},
            do_constant_folding=constant_folding,
        )
    model = onnx.load_from_string(file.getvalue())
    model.producer_version = model.producer_version.split("+")[0]
    return _fold(model) if constant_folding else model


def _fold(model: onnx.ModelProto) -> onnx.ModelProto:
    """Compute what is constant: TorchScript leaves paddings and shapes to the runtime.

    The zeros of a padding are a ConstantOfShape, which onnxscript by default leaves too.
    """
    with quiet_logging():
        optimizer.fold_constants(
            model, should_fold=lambda node: node.op_type == "ConstantOfShape" or None
        )
        return optimizer.optimize(model)


@contextmanager
def _fixed_padding() -> Iterator[None]:
    """Let timm compute the padding "same" from numbers, since the size of the input is fixed.

    During a trace, sizes are tensors, and the graph would compute each padding from a shape.
    """
    computed = padding.get_same_padding
    padding.get_same_padding = lambda size, *others: computed(int(size), *others)
    try:
        yield
    finally:
        padding.get_same_padding = computed


EXPORTERS: dict[str, Callable[[nn.Module, int, int, bool], onnx.ModelProto]] = {
    "torch.export": _by_torch_export,
    "TorchScript": _by_torchscript,
}


def _unfuse_attention(network: nn.Module) -> None:
    """Replace timm's fused attention by products and softmax: its operator needs opset 14.

    Operations in place stay as they are. Both exporters resolve them, and where another branch
    reads the overwritten tensor, the network would compute something else without them.
    """
    for module in network.modules():
        if hasattr(module, "fused_attn"):
            setattr(module, "fused_attn", False)  # noqa: B010, torch's types refuse an assignment
