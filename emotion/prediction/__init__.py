"""Prediction on images with a trained model, without the pipeline.

An ONNX file needs onnxruntime, numpy and Pillow only; a checkpoint also needs torch.
"""

from emotion.data.face import Face
from emotion.prediction.predictor import Predictor
from emotion.prediction.result import Prediction

__all__ = ["Face", "Prediction", "Predictor"]
