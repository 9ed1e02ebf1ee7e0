"""Facial-emotion classification: the library behind the pipeline of dvc.yaml."""

from emotion.core.environment import limit_spinning
from emotion.core.version import __version__

__all__ = ["__version__"]

limit_spinning()  # here, because every process imports this package before torch
