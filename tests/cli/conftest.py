"""The model and the images of the tests of prediction."""

from tests.prediction.conftest import faces, onnx_file, party

__all__ = ["faces", "onnx_file", "party"]
