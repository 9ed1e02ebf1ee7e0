"""Open ONNX Runtime sessions on the CPU, and run them over a set of images."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from emotion.export.opsets import INPUT, OUTPUTS


def open_session(model: onnx.ModelProto | Path, threads: int) -> onnxruntime.InferenceSession:
    """A CPU session.

    Args:
        model: a graph, or the file of one.
        threads: of each operation.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only
    content = model if isinstance(model, Path) else model.SerializeToString()
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def run_batches(
    session: onnxruntime.InferenceSession, images: np.ndarray, batch_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """The outputs of all images.

    Args:
        session: of an exported model.
        images: float32 (N, 3, H, W), RGB in 0..1, N at least 1.
        batch_size: of all batches but the last.

    Returns:
        Logits and probabilities, float32 (N, C) each.
    """
    starts = range(0, len(images), batch_size)
    parts = [
        session.run(list(OUTPUTS), {INPUT: images[start : start + batch_size]}) for start in starts
    ]
    logits, probabilities = (np.concatenate(part) for part in zip(*parts, strict=True))
    return logits, probabilities
