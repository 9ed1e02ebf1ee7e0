"""Export to ONNX with a parity check: the file is kept only if its outputs equal the network's."""
