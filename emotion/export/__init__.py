"""Export to ONNX with a parity check: the file is kept only if its outputs equal the network's."""

import emotion.models  # noqa: F401, first: it prepares torchvision for torch.onnx
