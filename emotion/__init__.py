"""Facial-emotion classification: the library behind the pipeline of dvc.yaml."""

from emotion.core.version import __version__

__all__ = ["__version__"]
