"""The model as an ONNX file that any runtime can serve, and the proof that it answers the same."""

import emotion.models  # noqa: F401, first: it prepares torchvision for torch.onnx
