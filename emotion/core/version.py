"""The version of the project, in a file of its own: setuptools reads it, checkpoints record it."""

__version__ = "0.1.0"
