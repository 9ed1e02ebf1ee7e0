"""Facial-emotion classification: the Python API, and the library behind the pipeline of dvc.yaml.

The names of `__all__` are the API; other modules may change in any version. `import emotion` loads
the standard library alone; numpy and onnxruntime are loaded when a class of prediction is used.
"""

import importlib
from typing import TYPE_CHECKING

from emotion.core.environment import limit_spinning
from emotion.core.errors import UserError
from emotion.core.version import __version__

__all__ = ["Face", "Prediction", "Predictor", "UserError", "__version__"]

limit_spinning()  # here, because every process imports this package before torch

if TYPE_CHECKING:
    from emotion.prediction import Face, Prediction, Predictor
else:  # a type checker would take every name for one that __getattr__ knows

    def __getattr__(name: str) -> object:
        """A class of prediction, imported when it is first used.

        By name: an import statement would make every stage depend on the code of prediction.
        """
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module("emotion.prediction"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
