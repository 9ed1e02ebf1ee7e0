"""Prepare an ONNX graph for other programs: without what they may stumble over, and checked."""

from collections.abc import Iterator

import onnx
from google.protobuf.message import Message

STANDARD = {"", "ai.onnx"}  # names of the domain of the standard operators

UNNEEDED = {"doc_string", "metadata_props", "value_info"}  # fields, at every level


def opset_of(model: onnx.ModelProto) -> int:
    """The opset that a graph declares for the standard operators."""
    standard = (entry.version for entry in model.opset_import if entry.domain in STANDARD)
    return int(next(standard))


def strip(model: onnx.ModelProto) -> None:
    """Delete what no runtime needs, in place.

    - Documentation and metadata at every level. Exporters write the Python stack of each node
      there, with paths of the exporting machine.
    - Shapes of intermediate values. With the symbolic batch size in them, tract refuses a fixed
      one; runtimes infer them.
    - Imported domains of which no node has an operator.
    """
    used = set(STANDARD)
    for message in _walk(model):
        for name in UNNEEDED.intersection(message.DESCRIPTOR.fields_by_name):
            message.ClearField(name)
        if isinstance(message, onnx.NodeProto):
            used.add(message.domain)
    unused = [entry for entry in model.opset_import if entry.domain not in used]
    for entry in unused:
        model.opset_import.remove(entry)


def check_graph(model: onnx.ModelProto) -> None:
    """Check a graph by onnx's rules. ONNX Runtime accepts some graphs that break them.

    Raises:
        ValueError: it breaks a rule.
    """
    try:
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:  # the checker's share no base class
        raise ValueError(f"not a valid graph ({' '.join(str(error).split())})") from error


def _walk(message: Message) -> Iterator[Message]:
    """A message and all messages within; a field that the caller clears is left out."""
    yield message
    for descriptor, value in message.ListFields():
        if descriptor.message_type is not None:
            for item in value if descriptor.is_repeated else [value]:
                yield from _walk(item)
